import Content
import Core
import NIOCore

/// What a CAR brought.
public struct CARImportReport: Hashable, Sendable {
    /// The roots that the header names, in its order.
    public var roots: [CID]
    public var stored: ImportSummary
}

extension BlockStore {
    /// The bytes of a block as an array.
    ///
    /// - Throws: ``BlockStoreError`` `.incomplete` when it is not here, `.corrupt`.
    public func bytes(of cid: CID, at now: Instant? = nil) throws -> [UInt8] {
        guard let buffer = try read(cid, at: now) else {
            throw BlockStoreError(.incomplete, "the block \(cid) is not here; fetch it first", cid: cid)
        }
        return Array(buffer: buffer)
    }

    /// Writes the DAG under `root` as a CAR v1 stream, depth first, each block once.
    ///
    /// - Parameter write: takes the stream's bytes in order, which are valid during the call.
    /// - Throws: ``BlockStoreError`` `.incomplete` when a block is not here, `.corrupt`; what `write` throws. The
    ///   stream is then cut off where it is.
    public func exportCAR(root: CID, write: (UnsafeRawBufferPointer) throws -> Void) throws {
        try CARHeader(root: root).encoded.withUnsafeBytes(write)
        try Self.mapContent {
            // Inner blocks are read twice, once to be written and once for their links.
            try DAGWalk.blocks(below: root, read: { try bytes(of: $0) }) { cid in
                guard let block = try read(cid) else {
                    throw BlockStoreError(.incomplete, "the block \(cid) under \(root) is not here", cid: cid)
                }
                try CARWriter.sectionHead(cid, dataCount: block.readableBytes).withUnsafeBytes(write)
                try block.withUnsafeReadableBytes(write)
            }
        }
    }

    /// Takes in all blocks of a CAR v1 stream, each verified.
    ///
    /// - Parameters:
    ///   - owner: pins the roots for it, all or nothing; `nil` caches the blocks.
    ///   - next: gives the next bytes of the stream, `nil` at its end.
    /// - Throws: ``BlockStoreError`` `.badBlock` for a stream that is no CAR or whose blocks are wrong, `.incomplete`
    ///   for a cut-off stream or a root that is not whole; nothing is stored then.
    public func importCAR(
        owner: String?,
        at now: Instant,
        next: () throws -> [UInt8]?
    ) throws -> CARImportReport {
        let session = try beginImport(owner == nil ? .cache : .pinned, at: now)
        do {
            var reader = CARReader()
            try Self.mapContent {
                while let bytes = try next() {
                    reader.feed(bytes)
                    while let block = try reader.next() { try session.append(block) }
                }
                try reader.finish()
            }
            let roots = reader.header?.roots ?? []
            let pins = owner.map { owner in roots.map { Pin(root: $0, owner: owner) } } ?? []
            return CARImportReport(roots: roots, stored: try session.commit(pins: pins, at: now))
        } catch {
            session.abort()
            throw error
        }
    }

    static func mapContent<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as ContentError {
            let code: BlockStoreError.Code = error.code == .incomplete ? .incomplete : .badBlock
            throw BlockStoreError(code, error.message, cause: error)
        }
    }
}
