import Core

/// The descriptions in frames, as CBOR.
extension PieceDescription {
    func encodedBody() -> [UInt8] {
        CBOR.map([
            "segment": .bytes(segment.bytes), "index": .unsigned(UInt64(index)), "owner": .bytes(owner),
            "length": .unsigned(UInt64(byteCount)), "root": .bytes(root.bytes),
            // Of one length whatever the value, so that a header can be written anew in its place.
            "lease": .bytes(FrameHeader.bigEndian(leaseEnd.milliseconds)), "record": .bytes(record),
        ]).encoded()
    }

    /// - Throws: `CoreError` or ``PieceStoreError``.
    init(body: [UInt8]) throws {
        let fields = try CBORFields(decoding: body, of: "piece frame")
        let lease = FrameHeader.integer(try fields.bytes("lease", max: 8)[...], 0, 8)
        self.init(
            segment: try Digest(fields.bytes("segment", max: 32)),
            index: Int(try fields.unsigned("index", max: UInt64(Self.indexMax))),
            owner: try fields.bytes("owner", max: Self.ownerByteCount),
            byteCount: Int(try fields.unsigned("length", max: UInt64(Self.byteCountMax))),
            root: try Digest(fields.bytes("root", max: 32)),
            leaseEnd: Instant(milliseconds: Int64(lease)),
            record: try fields.bytes("record", max: Self.recordBytesMax)
        )
        try check()
    }
}

extension StoredTombstone {
    func encodedBody() -> [UInt8] {
        CBOR.map([
            "segment": .bytes(segment.bytes), "owner": .bytes(owner), "until": .integer(until.milliseconds),
            "bytes": .bytes(bytes),
        ]).encoded()
    }

    /// - Throws: `CoreError`.
    init(body: [UInt8]) throws {
        let fields = try CBORFields(decoding: body, of: "tombstone frame")
        self.init(
            segment: try Digest(fields.bytes("segment", max: 32)),
            owner: try fields.bytes("owner", max: PieceDescription.ownerByteCount),
            until: try fields.instant("until"),
            bytes: try fields.bytes("bytes", max: Self.bytesMax)
        )
    }
}
