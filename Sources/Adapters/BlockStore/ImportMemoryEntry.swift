import Core
import Files

/// A file as an import saw it.
struct ImportMemoryEntry: Hashable, Sendable {
    let stamp: FileStamp
    let cid: CID
    let tsize: UInt64
}

/// Writes the entries of a memory while a walk meets the files.
///
/// An entry: length of the path below the imported folder (varint) ‖ path ‖ length of the CID (1 byte) ‖ CID ‖ device, inode,
/// size, both times and tsize (8 bytes each, little-endian).
struct ImportMemoryWriter {
    /// In nanoseconds since 1970; a file that was changed later is not remembered.
    private let latest: Int64
    private(set) var bytes: [UInt8] = []
    /// Where parts begin, but for the first: before entries that the last byte of their CID chooses, so that the parts behind
    /// a change are cut as before.
    private(set) var cuts: [Int] = []

    private static let partBytesMin = 8 << 10
    private static let partBytesMax = 128 << 10

    /// - Parameter now: when the import began.
    init(now: Instant) {
        latest = (now - ImportMemory.settleTime).milliseconds &* 1_000_000
    }

    mutating func append(_ path: String, _ entry: ImportMemoryEntry) {
        guard entry.stamp.modified < latest, entry.stamp.changed < latest else { return }
        let cid = entry.cid.bytes
        cut(cid.last ?? 0)
        Varint.append(UInt64(path.utf8.count), to: &bytes)
        bytes += path.utf8
        bytes.append(UInt8(truncatingIfNeeded: cid.count))
        bytes += cid
        for value in [
            entry.stamp.device, entry.stamp.inode, UInt64(entry.stamp.size), UInt64(bitPattern: entry.stamp.modified),
            UInt64(bitPattern: entry.stamp.changed), entry.tsize,
        ] {
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
    }

    /// Takes an entry of an earlier memory over as it is.
    mutating func append(encoded entry: ArraySlice<UInt8>) {
        cut(entry.dropLast(ImportMemoryCursor.numbersByteCount).last ?? 0)
        bytes += entry
    }

    private mutating func cut(_ chooser: UInt8) {
        let length = bytes.count - (cuts.last ?? 0)
        if length >= Self.partBytesMax || chooser == 0 && length >= Self.partBytesMin { cuts.append(bytes.count) }
    }
}

/// Goes through a memory beside a walk that asks for files in the same order.
struct ImportMemoryCursor {
    private let bytes: [UInt8]
    private let usable: [Bool]?
    /// Where the next entry begins.
    private var position: Int
    /// How many entries lie before it.
    private var number = 0

    /// Bytes of the six numbers of an entry.
    fileprivate static let numbersByteCount = 6 * 8

    init(_ memory: ImportMemory) {
        bytes = memory.bytes
        usable = memory.usable
        position = 0
    }

    private struct Shape {
        let path: Range<Int>
        let cid: Range<Int>
        var end: Int { cid.upperBound + ImportMemoryCursor.numbersByteCount }
    }

    /// What is remembered of the file at `path`, and its encoded form; `nil` when nothing is.
    mutating func find(_ path: String) -> (entry: ImportMemoryEntry, encoded: ArraySlice<UInt8>)? {
        while let shape = nextShape() {
            let order = Self.compare(bytes[shape.path], path.utf8)
            guard order <= 0 else { return nil }
            let start = position
            let isUsable = usable.map { number < $0.count && $0[number] } ?? true
            position = shape.end
            number += 1
            guard order == 0 else { continue }
            guard isUsable, let entry = entry(shape) else { return nil }
            return (entry, bytes[start..<shape.end])
        }
        return nil
    }

    /// The CIDs of all entries from here on; `nil` for one that cannot be read.
    mutating func cids() -> [CID?] {
        var cids: [CID?] = []
        while let shape = nextShape() {
            cids.append(try? CID(bytes: bytes[shape.cid]))
            position = shape.end
        }
        return cids
    }

    /// The next entry; `nil` at the end, and where it makes no sense, which is the end as well.
    private func nextShape() -> Shape? {
        var rest = bytes[position...]
        guard !rest.isEmpty, let length = try? Varint.read(from: &rest), length < UInt64(rest.count) else { return nil }
        let path = rest.startIndex..<rest.startIndex + Int(length)
        let cidStart = path.upperBound + 1
        let shape = Shape(path: path, cid: cidStart..<cidStart + Int(bytes[path.upperBound]))
        return shape.end <= bytes.count ? shape : nil
    }

    private func entry(_ shape: Shape) -> ImportMemoryEntry? {
        guard let cid = try? CID(bytes: bytes[shape.cid]) else { return nil }
        let values = bytes.withUnsafeBytes { bytes in
            (0..<6).map { number in
                let offset = shape.cid.upperBound + 8 * number
                return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
        }
        let stamp = FileStamp(
            device: values[0],
            inode: values[1],
            size: Int(truncatingIfNeeded: values[2]),
            modified: Int64(bitPattern: values[3]),
            changed: Int64(bitPattern: values[4])
        )
        return ImportMemoryEntry(stamp: stamp, cid: cid, tsize: values[5])
    }

    /// The order in which a walk meets two paths: by the bytes of their names, folder by folder.
    ///
    /// - Returns: Below 0 when `path` comes first, above 0 when `other` does.
    private static func compare(_ path: ArraySlice<UInt8>, _ other: String.UTF8View) -> Int {
        var bytes = path.makeIterator()
        var others = other.makeIterator()
        while true {
            switch (bytes.next(), others.next()) {
            case (nil, nil): return 0
            case (nil, _): return -1
            case (_, nil): return 1
            case (let byte?, let other?):
                guard byte != other else { continue }
                // The end of a folder's name comes before any byte that a name can have.
                return Int(byte == slash ? 0 : byte) - Int(other == slash ? 0 : other)
            }
        }
    }

    private static let slash = UInt8(ascii: "/")
}
