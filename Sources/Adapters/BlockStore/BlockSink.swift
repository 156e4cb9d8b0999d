import Core

/// Where an import puts the blocks that it makes.
public protocol BlockSink {
    /// Takes a block whose CID was computed from these very bytes; they are valid during the call.
    mutating func take(_ cid: CID, _ bytes: UnsafeRawBufferPointer) throws
}

/// Drops the blocks: an import into it only computes the root.
public struct DiscardingSink: BlockSink {
    public init() {}
    public mutating func take(_ cid: CID, _ bytes: UnsafeRawBufferPointer) {}
}

/// Appends the blocks to a session.
public struct SessionSink: BlockSink {
    private let session: ImportSession

    public init(_ session: ImportSession) {
        self.session = session
    }

    public mutating func take(_ cid: CID, _ bytes: UnsafeRawBufferPointer) throws {
        try session.append(cid, bytes, hashed: true)
    }
}
