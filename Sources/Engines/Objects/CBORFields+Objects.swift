import Core

extension CBORFields {
    func segment(_ name: String) throws(CoreError) -> SegmentID {
        SegmentID(try Digest(bytes(name, max: SegmentID.byteCount)))
    }

    func segments(_ name: String, max: Int) throws(CoreError) -> [SegmentID] {
        try digests(name, max: max).map { SegmentID($0) }
    }

    /// The piece that the fields "segment" and "index" name.
    func piece() throws(CoreError) -> PieceID {
        PieceID(segment: try segment("segment"), index: try int("index", max: SegmentCode.totalCountMax - 1))
    }

    /// An array of byte strings of 32 bytes each.
    func digests(_ name: String, max: Int) throws(CoreError) -> [Digest] {
        var digests: [Digest] = []
        for item in try byteStrings(name, countMax: max, bytesMax: Digest.byteCount) {
            digests.append(try Digest(item))
        }
        return digests
    }

    /// An array of byte strings.
    func byteStrings(_ name: String, countMax: Int, bytesMax: Int) throws(CoreError) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        for item in try array(name, max: countMax) {
            guard case .bytes(let bytes) = item else {
                throw CoreError(.invalid, "\"\(name)\" holds more than byte strings")
            }
            guard bytes.count <= bytesMax else {
                throw CoreError(.tooLarge, "\"\(name)\" holds \(bytes.count) bytes in one, at most \(bytesMax)")
            }
            strings.append(bytes)
        }
        return strings
    }

    /// Bytes, or nothing where the field is null.
    func bytesOrNull(_ name: String, max: Int) throws(CoreError) -> [UInt8]? {
        try value(name) == .null ? nil : try bytes(name, max: max)
    }

    func int(_ name: String, max: Int) throws(CoreError) -> Int {
        Int(try unsigned(name, max: UInt64(max)))
    }
}

extension CBOR {
    static func segments(_ segments: [SegmentID]) -> CBOR { .array(segments.map { .bytes($0.bytes) }) }

    static func byteStrings(_ strings: [[UInt8]]) -> CBOR { .array(strings.map { .bytes($0) }) }

    static func bytesOrNull(_ bytes: [UInt8]?) -> CBOR { bytes.map { .bytes($0) } ?? .null }

    static func int(_ value: Int) -> CBOR { .integer(Int64(value)) }
}
