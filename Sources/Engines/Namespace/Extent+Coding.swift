import Core

extension SegmentReference {
    /// `[id, k, n, padded bytes]`.
    package var cbor: CBOR {
        .array([.bytes(id.bytes), .unsigned(UInt64(k)), .unsigned(UInt64(n)), .unsigned(UInt64(paddedBytes))])
    }

    package init(cbor: CBOR) throws(NamespaceError) {
        guard case .array(let items) = cbor, items.count >= 4, case .bytes(let bytes) = items[0],
            let id = try? Digest(bytes), case .unsigned(let k) = items[1], k <= 255,
            case .unsigned(let n) = items[2], n <= 255,
            case .unsigned(let padded) = items[3], padded <= UInt64(Self.paddedBytesMax)
        else { throw NamespaceError(.malformed, "a segment reference is not [id, k, n, padded bytes]") }
        try self.init(id: id, k: UInt8(k), n: UInt8(n), paddedBytes: UInt32(padded))
    }
}

/// The segments that a chunk or root mentions, each written once.
struct SegmentTable {
    private(set) var segments: [SegmentReference] = []
    private var indices: [SegmentReference: Int] = [:]

    init() {}

    mutating func index(of segment: SegmentReference) -> Int {
        if let index = indices[segment] { return index }
        indices[segment] = segments.count
        segments.append(segment)
        return segments.count - 1
    }

    var cbor: CBOR { .array(segments.map(\.cbor)) }

    init(cbor: CBOR) throws(NamespaceError) {
        guard case .array(let items) = cbor else { throw NamespaceError(.malformed, "a segment table is no array") }
        for item in items { segments.append(try SegmentReference(cbor: item)) }
    }
}

extension SealedObject {
    /// `[key, [segment index, offset, byte count, segment index, …]]`, and `[first record, key, first record, …]` behind
    /// it where there is more than one key.
    func cbor(_ table: inout SegmentTable) -> CBOR {
        var numbers: [CBOR] = []
        for extent in extents {
            numbers.append(.unsigned(UInt64(table.index(of: extent.segment))))
            numbers.append(.unsigned(UInt64(extent.offset)))
            numbers.append(.unsigned(UInt64(extent.byteCount)))
        }
        guard !rekeyings.isEmpty else { return .array([.bytes(key), .array(numbers)]) }
        let keys = rekeyings.flatMap { [CBOR.unsigned($0.firstRecord), .bytes($0.key)] }
        return .array([.bytes(key), .array(numbers), .array(keys)])
    }

    init(cbor: CBOR, _ table: SegmentTable) throws(NamespaceError) {
        guard case .array(let items) = cbor, items.count >= 2, case .bytes(let key) = items[0],
            case .array(let numbers) = items[1], numbers.count.isMultiple(of: 3),
            numbers.count / 3 <= Self.extentsMax
        else { throw NamespaceError(.malformed, "an object is not [key, extents]") }
        var extents: [Extent] = []
        for start in stride(from: 0, to: numbers.count, by: 3) {
            guard case .unsigned(let index) = numbers[start], index < UInt64(table.segments.count),
                case .unsigned(let offset) = numbers[start + 1], offset <= UInt64(UInt32.max),
                case .unsigned(let byteCount) = numbers[start + 2], byteCount <= UInt64(UInt32.max)
            else { throw NamespaceError(.malformed, "an extent is not [segment, offset, byte count]") }
            extents.append(
                try Extent(
                    segment: table.segments[Int(index)],
                    offset: UInt32(offset),
                    byteCount: UInt32(byteCount)
                )
            )
        }
        try self.init(key: key, rekeyings: items.count > 2 ? Self.rekeyings(items[2]) : [], extents: extents)
    }

    private static func rekeyings(_ cbor: CBOR) throws(NamespaceError) -> [Rekeying] {
        guard case .array(let items) = cbor, items.count.isMultiple(of: 2), items.count / 2 <= rekeyingsMax else {
            throw NamespaceError(.malformed, "the keys of an object are not [first record, key, …]")
        }
        var rekeyings: [Rekeying] = []
        for start in stride(from: 0, to: items.count, by: 2) {
            guard case .unsigned(let first) = items[start], case .bytes(let key) = items[start + 1] else {
                throw NamespaceError(.malformed, "a key of an object is not [first record, key]")
            }
            rekeyings.append(Rekeying(firstRecord: first, key: key))
        }
        return rekeyings
    }
}
