import Core
import Owners

/// Entries of one device, sorted by name, each name once: what a device appends and never changes.
///
/// Encoded as chunks, each with its length before it (4 bytes, big-endian), so that a reader can take one after the other.
/// A chunk is the CBOR array `[1, device, segments, entries, …]`. Encryption is done by the caller.
public struct NamespacePart: Hashable, Sendable {
    public let device: DeviceID
    /// At least one, names strictly ascending.
    public let entries: [NamespaceEntry]

    /// Most entries of a chunk.
    public static let chunkEntriesMax = 1_024
    /// Largest chunk, in bytes; has room for the largest entry.
    public static let chunkBytesMax = 2 * 1_024 * 1_024
    /// Largest part, in bytes.
    public static let bytesMax = 256 * 1_024 * 1_024
    static let formatVersion: UInt64 = 1

    /// - Throws: ``NamespaceError`` `.outOfRange` unless there are entries, all of one device and strictly ascending.
    public init(_ entries: [NamespaceEntry]) throws(NamespaceError) {
        guard let first = entries.first else { throw NamespaceError(.outOfRange, "a part without an entry") }
        guard entries.allSatisfy({ $0.stamp.device == first.stamp.device }) else {
            throw NamespaceError(.outOfRange, "a part with entries of two devices")
        }
        for (earlier, later) in zip(entries, entries.dropFirst()) where earlier.name >= later.name {
            throw NamespaceError(.outOfRange, "\"\(later.name)\" follows \"\(earlier.name)\" in a part")
        }
        device = first.stamp.device
        self.entries = entries
    }

    public var entryCount: Int { entries.count }
    public var firstName: ObjectName? { entries.first?.name }
    public var lastName: ObjectName? { entries.last?.name }

    /// - Throws: ``NamespaceError`` `.outOfRange` for a part of more than ``bytesMax`` bytes.
    public func encoded() throws(NamespaceError) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = entries[...]
        while !rest.isEmpty {
            let chunk = Self.chunk(of: &rest, device)
            guard chunk.count <= Self.chunkBytesMax else {
                throw NamespaceError(.outOfRange, "a chunk of \(chunk.count) bytes, at most \(Self.chunkBytesMax)")
            }
            withUnsafeBytes(of: UInt32(chunk.count).bigEndian) { bytes += $0 }
            bytes += chunk
        }
        guard bytes.count <= Self.bytesMax else {
            throw NamespaceError(.outOfRange, "a part of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        return bytes
    }

    /// - Throws: ``NamespaceError`` `.malformed`, `.badName` or `.outOfRange`.
    public init(decoding bytes: [UInt8]) throws(NamespaceError) {
        guard bytes.count <= Self.bytesMax else {
            throw NamespaceError(.outOfRange, "a part of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        var rest = bytes[...]
        var entries: [NamespaceEntry] = []
        while let chunk = try Self.readChunk(from: &rest) { entries += chunk }
        try self.init(entries)
    }

    /// Reads the next chunk off the front of `bytes`, `nil` at their end.
    ///
    /// Names ascend within a chunk; that they do from chunk to chunk is for the caller to check, as ``init(decoding:)`` does.
    ///
    /// - Throws: ``NamespaceError`` `.malformed`, `.badName` or `.outOfRange`.
    public static func readChunk(from bytes: inout ArraySlice<UInt8>) throws(NamespaceError) -> [NamespaceEntry]? {
        guard !bytes.isEmpty else { return nil }
        guard bytes.count >= 4 else { throw NamespaceError(.malformed, "a part ends inside a chunk's length") }
        let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard length <= chunkBytesMax, length <= bytes.count - 4 else {
            throw NamespaceError(.malformed, "a chunk of \(length) bytes, \(bytes.count - 4) are left")
        }
        let chunk = bytes.dropFirst(4).prefix(length)
        bytes = bytes.dropFirst(4 + length)
        return try Self.entries(ofChunk: chunk)
    }
}

extension NamespacePart {
    /// Encodes the next chunk: as many entries as fit both limits, by an upper estimate of their size.
    private static func chunk(of rest: inout ArraySlice<NamespaceEntry>, _ device: DeviceID) -> [UInt8] {
        var table = SegmentTable()
        var encoded: [CBOR] = []
        var estimate = 64
        while let entry = rest.first, encoded.count < chunkEntriesMax {
            estimate += entry.encodedBytesEstimate
            guard encoded.isEmpty || estimate <= chunkBytesMax else { break }
            encoded.append(entry.cbor(&table))
            rest = rest.dropFirst()
        }
        return CBOR.array([
            .unsigned(formatVersion), .bytes(device.bytes), table.cbor, .array(encoded),
        ]).encoded()
    }

    private static func entries(ofChunk bytes: ArraySlice<UInt8>) throws(NamespaceError) -> [NamespaceEntry] {
        let value: CBOR
        do { value = try CBOR(decoding: bytes) } catch {
            throw NamespaceError(.malformed, "a chunk is not CBOR", cause: error)
        }
        guard case .array(let items) = value, case .unsigned(let version)? = items.first else {
            throw NamespaceError(.malformed, "a chunk is no array that starts with its version")
        }
        guard version == formatVersion else {
            throw NamespaceError(.malformed, "a chunk of version \(version), known is \(formatVersion)")
        }
        guard items.count >= 4, case .bytes(let key) = items[1], let device = try? DeviceID(key),
            case .array(let encoded) = items[3], (1...chunkEntriesMax).contains(encoded.count)
        else { throw NamespaceError(.malformed, "a chunk is not [version, device, segments, entries]") }
        let table = try SegmentTable(cbor: items[2])
        var entries: [NamespaceEntry] = []
        entries.reserveCapacity(encoded.count)
        for item in encoded {
            let entry = try NamespaceEntry(cbor: item, device: device, table)
            if let last = entries.last, last.name >= entry.name {
                throw NamespaceError(.malformed, "\"\(entry.name)\" follows \"\(last.name)\" in a chunk")
            }
            entries.append(entry)
        }
        return entries
    }
}

extension NamespaceEntry {
    /// At least as many bytes as the entry adds to a chunk.
    var encodedBytesEstimate: Int {
        let detail =
            switch content {
            case .inline(let bytes): bytes.count
            case .object(let object): 48 + 64 * object.extents.count + 48 * object.rekeyings.count
            case .symlink(let target): target.utf8.count
            case .folder, .removed: 1
            case .unknown(_, let value): value.encoded().count
            }
        return name.text.utf8.count + detail + 80 + trailing.reduce(0) { $0 + $1.encoded().count }
    }
}
