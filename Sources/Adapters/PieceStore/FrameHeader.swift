import Core
import Files

/// What stands before a frame's payload in a volume, so that the index can be built anew from the volumes.
///
///     0   magic (8), kind (1), zeros (3), header length (4), frame length (8), body length (4), hash count (4)
///     32  two lease slots of 32 bytes each: lease end (8), checksum (24)
///     96  body: the description as CBOR, then the unit hashes, then SHA-256 of salt, place, and 0..<32, 96..<here
///
/// Integers are big-endian. The salt is the volume's secret: what somebody stores cannot pass for a frame. A lease is
/// extended in place by writing the slot that does not hold the latest one, so a torn write loses nothing.
enum FrameHeader {
    static let magic: [UInt8] = Array("HFpiece\u{1}".utf8)
    static let prefixByteCount = 32
    static let slotByteCount = 32
    static let slotCount = 2
    static let bodyOffset = prefixByteCount + slotCount * slotByteCount
    /// Frames begin and end at multiples of it, in bytes.
    static let alignment = 4 << 10
    /// Longest header in bytes: the record, 1536 unit hashes, and the rest.
    static let byteCountMax = 128 << 10

    enum Kind: UInt8 {
        case piece = 1
        case tombstone = 2
    }

    /// Where a frame lies and what makes its checksum its own.
    struct Place {
        let salt: [UInt8]
        let volume: Int64
        let offset: Int

        func checksum(_ parts: [UInt8]...) -> Digest {
            var hasher = Hasher256()
            hasher.update(salt)
            hasher.update(bigEndian(UInt64(bitPattern: volume)) + bigEndian(UInt64(offset)))
            for part in parts { hasher.update(part) }
            return hasher.finalize()
        }
    }

    /// A header as read from a volume.
    struct Decoded {
        let kind: Kind
        let byteCount: Int
        let frameByteCount: Int
        let body: [UInt8]
        let unitHashes: [Digest]
        /// The latest extension of the lease with its slot.
        let lease: (end: Instant, slot: Int)?
    }

    static func byteCount(body: Int, hashes: Int) -> Int { bodyOffset + body + hashes * 32 + 32 }

    static func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }

    /// - Parameter lease: an extension of the lease that the body has, with its slot.
    static func encode(
        _ kind: Kind,
        body: [UInt8],
        hashes: [UInt8],
        frameByteCount: Int,
        lease: (end: Instant, slot: Int)? = nil,
        at place: Place
    ) -> [UInt8] {
        let hashCount = hashes.count / Digest.byteCount
        let byteCount = byteCount(body: body.count, hashes: hashCount)
        var prefix = magic + [kind.rawValue, 0, 0, 0]
        prefix += bigEndian(UInt32(byteCount)) + bigEndian(UInt64(frameByteCount))
        prefix += bigEndian(UInt32(body.count)) + bigEndian(UInt32(hashCount))
        let content = body + hashes
        let checksum = place.checksum(prefix, content)
        var bytes = prefix + [UInt8](repeating: 0, count: slotCount * slotByteCount) + content + checksum.bytes
        if let lease {
            let (slot, offset) = slot(lease.slot, leaseEnd: lease.end, at: place)
            bytes.replaceSubrange(offset..<offset + slot.count, with: slot)
        }
        return bytes
    }

    /// A lease slot's bytes and their offset from the frame's start.
    static func slot(_ slot: Int, leaseEnd: Instant, at place: Place) -> (bytes: [UInt8], offset: Int) {
        let end = bigEndian(UInt64(bitPattern: leaseEnd.milliseconds))
        let checksum = place.checksum([UInt8(slot)], end)
        return (end + checksum.bytes.prefix(slotByteCount - 8), prefixByteCount + slot * slotByteCount)
    }

    /// How many bytes the header has, `nil` when none begins with these bytes.
    static func byteCount(ofPrefix prefix: ArraySlice<UInt8>) -> Int? {
        guard prefix.count >= prefixByteCount, prefix.starts(with: magic) else { return nil }
        let count = integer(prefix, 12, 4)
        return (bodyOffset...byteCountMax).contains(count) ? count : nil
    }

    /// - Returns: `nil` unless these are the bytes that were written there.
    static func decode(_ bytes: ArraySlice<UInt8>, at place: Place) -> Decoded? {
        guard let byteCount = byteCount(ofPrefix: bytes), bytes.count >= byteCount else { return nil }
        let start = bytes.startIndex
        let (frame, body, hashes) = (integer(bytes, 16, 8), integer(bytes, 24, 4), integer(bytes, 28, 4))
        guard let kind = Kind(rawValue: bytes[start + 8]), body <= byteCount, hashes <= byteCount,
            byteCount == Self.byteCount(body: body, hashes: hashes), frame >= byteCount, frame % alignment == 0
        else { return nil }
        let contentEnd = start + byteCount - 32
        let content = Array(bytes[(start + bodyOffset)..<contentEnd])
        let checksum = place.checksum(Array(bytes[start..<start + prefixByteCount]), content)
        guard bytes[contentEnd..<start + byteCount].elementsEqual(checksum.bytes) else { return nil }
        let unitHashes = (0..<hashes).compactMap { try? Digest(content[(body + $0 * 32)..<(body + $0 * 32 + 32)]) }
        return Decoded(
            kind: kind,
            byteCount: byteCount,
            frameByteCount: frame,
            body: Array(content[..<body]),
            unitHashes: unitHashes,
            lease: lease(bytes, at: place)
        )
    }

    private static func lease(_ bytes: ArraySlice<UInt8>, at place: Place) -> (end: Instant, slot: Int)? {
        let found: [(end: Instant, slot: Int)] = (0..<slotCount).compactMap { slot in
            let end = Instant(milliseconds: Int64(integer(bytes, prefixByteCount + slot * slotByteCount, 8)))
            let (expected, offset) = Self.slot(slot, leaseEnd: end, at: place)
            let stored = bytes.dropFirst(offset).prefix(slotByteCount)
            return stored.elementsEqual(expected) ? (end, slot) : nil
        }
        return found.max { $0.end < $1.end }
    }

    static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// An integer of `count` bytes; wraps around above 2^63.
    static func integer(_ bytes: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> Int {
        let slice = bytes.dropFirst(offset).prefix(count)
        return Int(truncatingIfNeeded: slice.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
