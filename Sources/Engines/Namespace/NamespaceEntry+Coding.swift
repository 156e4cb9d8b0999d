import Core
import Owners

extension NamespaceEntry {
    /// Codes of ``NamespaceEntry/Content`` in bytes.
    private enum Kind {
        static let file: UInt64 = 1
        static let symlink: UInt64 = 2
        static let folder: UInt64 = 3
        static let removed: UInt64 = 4
    }

    private static let fieldCount = 10

    /// `[name, counter, base, kind, written, mode, modified, size, lease end, content, …]`; the device stands in the chunk.
    func cbor(_ table: inout SegmentTable) -> CBOR {
        let kind: UInt64
        let detail: CBOR
        switch content {
        case .inline(let bytes): (kind, detail) = (Kind.file, .bytes(bytes))
        case .object(let object): (kind, detail) = (Kind.file, object.cbor(&table))
        case .symlink(let target): (kind, detail) = (Kind.symlink, .text(target))
        case .folder: (kind, detail) = (Kind.folder, .null)
        case .removed: (kind, detail) = (Kind.removed, .null)
        case .unknown(let code, let value): (kind, detail) = (code, value)
        }
        return .array(
            [
                .text(name.text), .unsigned(stamp.counter), .unsigned(base), .unsigned(kind),
                .integer(written.milliseconds), .unsigned(UInt64(mode)), .integer(modified.milliseconds),
                .unsigned(size), .integer(leaseEnd.milliseconds), detail,
            ] + trailing
        )
    }

    init(cbor: CBOR, device: DeviceID, _ table: SegmentTable) throws(NamespaceError) {
        guard case .array(let items) = cbor, items.count >= Self.fieldCount, case .text(let name) = items[0],
            case .unsigned(let counter) = items[1], case .unsigned(let base) = items[2],
            case .unsigned(let kind) = items[3], let written = items[4].milliseconds,
            case .unsigned(let mode) = items[5], mode <= UInt64(Self.modeMax),
            let modified = items[6].milliseconds, case .unsigned(let size) = items[7],
            let leaseEnd = items[8].milliseconds
        else { throw NamespaceError(.malformed, "an entry is not an array of name, counter, base, kind and so on") }
        try self.init(
            name: ObjectName(name),
            stamp: NamespaceStamp(counter: counter, device: device),
            base: base,
            written: Instant(milliseconds: written),
            content: Self.content(kind, items[9], table),
            size: size,
            mode: UInt16(mode),
            modified: Instant(milliseconds: modified),
            leaseEnd: Instant(milliseconds: leaseEnd),
            trailing: Array(items.dropFirst(Self.fieldCount))
        )
    }

    private static func content(
        _ kind: UInt64,
        _ detail: CBOR,
        _ table: SegmentTable
    ) throws(NamespaceError) -> Content {
        switch (kind, detail) {
        case (Kind.file, .bytes(let bytes)): return .inline(bytes)
        case (Kind.file, let value): return .object(try SealedObject(cbor: value, table))
        case (Kind.symlink, .text(let target)): return .symlink(target: target)
        case (Kind.folder, .null): return .folder
        case (Kind.removed, .null): return .removed
        case (Kind.symlink, _), (Kind.folder, _), (Kind.removed, _):
            throw NamespaceError(.malformed, "an entry of kind \(kind) has the wrong content")
        default: return .unknown(kind: kind, detail)
        }
    }
}

extension CBOR {
    /// A signed 64-bit integer, if this is one.
    var milliseconds: Int64? {
        switch self {
        case .unsigned(let value) where value <= UInt64(Int64.max): Int64(value)
        case .negative(let value) where value <= UInt64(Int64.max): ~Int64(value)
        default: nil
        }
    }
}
