import Content
import Core
import NIOCore
import Synchronization

/// The blocks that a walk needs and that are not on this machine, in order of need.
struct MissingBlocks: Error {
    let cids: [CID]
}

/// The blocks of one request: kept in memory once read, from disk, and, when they are missing, from the mesh.
///
/// A walk over blocks is a plain function that reads what it needs and throws ``MissingBlocks`` at what is not there;
/// ``run(bytes:_:)`` brings that in and lets the walk begin again, over what is now in memory.
final class BlockAccess: Sendable {
    /// Most bytes of inner blocks that one request keeps in memory; beyond it they are read again.
    static let memoryBytesMax = 4 << 20
    /// Most rounds of asking other nodes for one walk.
    static let fetchRoundsMax = 4_096

    let source: any ContentSource
    let disk: DiskReader
    let root: CID
    let path: [String]
    private let state = Mutex(State())

    private struct State {
        var inner: [CID: [UInt8]] = [:]
        var innerBytes = 0
        /// The raw block that was read last: what the path ends at is looked at and then sent.
        var lastRaw: (cid: CID, bytes: ByteBuffer)?
        var isEntityAsked = false

        /// The whole entity is asked for once; after that, block by block.
        mutating func takeEntityTurn() -> Bool {
            defer { isEntityAsked = true }
            return !isEntityAsked
        }
    }

    init(source: any ContentSource, disk: DiskReader, root: CID, path: [String]) {
        self.source = source
        self.disk = disk
        self.root = root
        self.path = path
    }

    /// A block's bytes; called on a disk thread.
    ///
    /// - Throws: ``MissingBlocks`` when it is not local.
    func block(_ cid: CID) throws -> ByteBuffer {
        if case .identity(let bytes) = cid.hash { return ByteBuffer(bytes: bytes) }
        if let last = state.withLock({ $0.lastRaw }), last.cid == cid { return last.bytes }
        guard let block = try source.localBlock(cid) else { throw MissingBlocks(cids: [cid]) }
        if cid.codec == .raw { state.withLock { $0.lastRaw = (cid, block) } }
        return block
    }

    /// An inner block's bytes, for the walks of `Content`; called on a disk thread.
    ///
    /// - Throws: ``MissingBlocks`` when it is not local.
    func inner(_ cid: CID) throws -> [UInt8] {
        if let known = state.withLock({ $0.inner[cid] }) { return known }
        let bytes = Array(try block(cid).readableBytesView)
        state.withLock { state in
            guard state.innerBytes + bytes.count <= Self.memoryBytesMax else { return }
            state.inner[cid] = bytes
            state.innerBytes += bytes.count
        }
        return bytes
    }

    /// Runs `walk` on a disk thread, again after each time that what it missed was brought in.
    ///
    /// - Parameter bytes: What part of a file at the path's end is needed first.
    /// - Throws: ``ContentUnavailable`` when something cannot be brought in, ``HTTPRefusal`` when the content is not as
    ///   the request or the format says, or what `walk` throws.
    func run<Value: Sendable>(
        bytes: ClosedRange<UInt64>? = nil,
        _ walk: @escaping @Sendable (BlockAccess) throws -> Value
    ) async throws -> Value {
        var lastMissing: [CID] = []
        for _ in 0..<Self.fetchRoundsMax {
            do {
                return try await disk.run { try walk(self) }
            } catch let error as ContentError {
                throw HTTPRefusal(error)
            } catch let missing as MissingBlocks {
                try Task.checkCancellation()
                if state.withLock({ $0.takeEntityTurn() }) {
                    try await source.fetchEntity(root: root, path: path, bytes: bytes)
                } else {
                    guard missing.cids != lastMissing else { break }
                    lastMissing = missing.cids
                    try await source.fetchBlocks(missing.cids, under: root)
                }
            }
        }
        throw ContentUnavailable(.timedOut, "Blocks of this content do not stay on this gateway; ask again.")
    }
}

extension HTTPRefusal {
    /// What a client is told about content that is not what it asked for, or that was made wrong.
    init(_ error: ContentError) {
        switch error.code {
        case .notFound, .invalidName: self.init(.notFound, "Nothing is at this path: \(error.message).")
        case .unsupported:
            self.init(.notAcceptable, "This content cannot be shown: \(error.message); ask for it with ?format=raw.")
        default: self.init(.badGateway, "This content was made wrong: \(error.message).")
        }
    }
}
