import Core

/// The bits of a name's hash, which say where in a HAMT the name is found.
public struct HAMTPath: Hashable, Sendable {
    private let hash: UInt64
    private var consumed = 0

    public init(name: String) {
        hash = Murmur3.hash(Array(name.utf8))
    }

    /// The slot on the next level down, where a slot takes `bits` bits (most significant first); nil when the 64 bits
    /// of the hash are used up.
    public mutating func next(bits: Int) -> Int? {
        guard bits > 0, consumed + bits <= 64 else { return nil }
        defer { consumed += bits }
        return Int((hash << UInt64(consumed)) >> UInt64(64 - bits))
    }
}

/// One node of a directory that is spread over many blocks by the hash of its entries' names.
///
/// Source: ipfs/specs unixfs.md, HAMT directory.
public struct HAMTShard: Hashable, Sendable {
    /// Largest number of slots (CVE-2023-23625).
    public static let fanoutMax = 1024
    /// Multihash code of Murmur3 x64-64.
    public static let hashType: UInt64 = 0x22

    public struct Slot: Hashable, Sendable {
        public let index: Int
        /// The entry's name, or nil where the link leads to a shard one level down.
        public let name: String?
        public let cid: CID
        public let tsize: UInt64
    }

    /// Number of slots: a power of two, 8 to ``fanoutMax``.
    public let fanout: Int
    /// The occupied slots, by growing index.
    public let slots: [Slot]

    /// How many bits of the hash one level takes.
    public var bitsPerLevel: Int { fanout.trailingZeroBitCount }

    /// What occupies slot `index`.
    public func slot(at index: Int) -> Slot? {
        var (low, high) = (0, slots.count)
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].index < index { low = middle + 1 } else { high = middle }
        }
        return low < slots.count && slots[low].index == index ? slots[low] : nil
    }

    /// - Throws: ``ContentError`` `.malformed`, `.tooLarge` for the fanout, `.unsupported` for another hash function.
    init(links: [DAGPBLink], message: UnixFSData) throws(ContentError) {
        let fanout = message.fanout ?? 0
        guard message.hashType == Self.hashType else {
            throw ContentError(.unsupported, "a HAMT shard hashes with \(message.hashType ?? 0), only 0x22 is read")
        }
        guard fanout <= UInt64(Self.fanoutMax) else {
            throw ContentError(.tooLarge, "a HAMT shard has a fanout of \(fanout), at most \(Self.fanoutMax)")
        }
        guard fanout >= 8, fanout & (fanout - 1) == 0 else {
            throw ContentError(.malformed, "a HAMT shard has a fanout of \(fanout), not a power of two from 8")
        }
        self.fanout = Int(fanout)
        let bitfield = message.data ?? []
        guard bitfield.count <= self.fanout / 8 else {
            throw ContentError(.malformed, "a HAMT shard of \(fanout) slots has a bitfield of \(bitfield.count) bytes")
        }
        let digitCount = Self.prefixLength(fanout: self.fanout)
        var slots: [Slot] = []
        slots.reserveCapacity(links.count)
        for link in links {
            let slot = try Self.slot(of: link, digitCount: digitCount)
            guard slot.index < self.fanout, slot.index > slots.last?.index ?? -1,
                Self.isSet(slot.index, in: bitfield)
            else {
                throw ContentError(
                    .malformed,
                    "slot \(slot.index) of a HAMT shard is out of order or not in its bitfield"
                )
            }
            slots.append(slot)
        }
        guard bitfield.reduce(0, { $0 + $1.nonzeroBitCount }) == slots.count else {
            throw ContentError(
                .malformed,
                "a HAMT shard's bitfield announces other slots than its \(slots.count) links"
            )
        }
        self.slots = slots
    }

    // MARK: - Names and bits

    /// How many hexadecimal digits of slot index precede an entry's name.
    static func prefixLength(fanout: Int) -> Int { String(fanout - 1, radix: 16).utf8.count }

    private static func slot(of link: DAGPBLink, digitCount: Int) throws(ContentError) -> Slot {
        let name = link.name.utf8
        guard name.count >= digitCount else {
            throw ContentError(.malformed, "a HAMT link's name is shorter than its \(digitCount) digits")
        }
        var index = 0
        for digit in name.prefix(digitCount) {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): index = index << 4 | Int(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "A")...UInt8(ascii: "F"): index = index << 4 | Int(digit - UInt8(ascii: "A") + 10)
            default: throw ContentError(.malformed, "a HAMT link's name does not start with \(digitCount) digits")
            }
        }
        let rest = name.dropFirst(digitCount)
        let entry = rest.isEmpty ? nil : String(Substring(rest))
        return Slot(index: index, name: entry, cid: link.cid, tsize: link.tsize)
    }

    /// Bit 0 is the least significant bit of the last byte; leading zero bytes may be left out.
    private static func isSet(_ index: Int, in bitfield: [UInt8]) -> Bool {
        let position = bitfield.count - 1 - index / 8
        return position >= 0 && bitfield[position] >> UInt8(index % 8) & 1 == 1
    }
}
