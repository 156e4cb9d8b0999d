import Core

/// Which blocks a trustless gateway puts into a CAR.
///
/// Source: ipfs/specs trustless-gateway.md, `dag-scope` and `entity-bytes`.
public struct TrustlessSelection: Hashable, Sendable {
    public enum Scope: String, Hashable, Sendable {
        /// The path's blocks and the one at its end.
        case block
        /// What is needed to use what lies there: a whole file, all shards of a directory without its files.
        case entity
        /// Everything below.
        case all
    }

    /// A range as `entity-bytes` writes it: negative positions count from the end, no end is the file's end.
    public struct EntityBytes: Hashable, Sendable {
        public let from: Int64
        public let to: Int64?

        public init(from: Int64, to: Int64?) {
            self.from = from
            self.to = to
        }

        /// The range in a file of `size` bytes; `nil` when nothing of the file lies in it.
        public func resolved(size: UInt64) -> Range<UInt64>? {
            let size = Int64(clamping: size)
            let start = from < 0 ? max(0, size &+ from) : from
            let last = to.map { $0 < 0 ? size &+ $0 : min($0, size - 1) } ?? size - 1
            guard start <= last, start < size else { return nil }
            return UInt64(start)..<UInt64(last) + 1
        }
    }

    public let root: CID
    public let path: [String]
    public let scope: Scope
    public let bytes: EntityBytes?

    public init(root: CID, path: [String], scope: Scope, bytes: EntityBytes? = nil) {
        self.root = root
        self.path = path
        self.scope = scope
        self.bytes = bytes
    }

    /// Calls `visit` for each block in the order in which it belongs into the CAR, each once.
    ///
    /// - Throws: ``ContentError`` `.notFound` when the path is not there, and what `read` and `visit` throw.
    public func blocks(read: BlockReader, visit: (CID) throws -> Void) throws {
        var seen: Set<CID> = []
        func emit(_ cid: CID) throws {
            if case .identity = cid.hash { return }
            if seen.insert(cid).inserted { try visit(cid) }
        }
        let resolved = try PathWalk.resolve(path, below: root, read: read)
        for cid in resolved.proof { try emit(cid) }
        switch scope {
        case .block: try emit(resolved.cid)
        case .all: try DAGWalk.blocks(below: resolved.cid, read: read, visit: emit)
        case .entity: try entity(resolved.cid, read, emit)
        }
    }

    private func entity(_ cid: CID, _ read: BlockReader, _ emit: (CID) throws -> Void) throws {
        guard cid.codec == .dagPB else { return try emit(cid) }
        switch try UnixFSNode.read(cid, read) {
        case .directory, .symlink, .raw: try emit(cid)
        case .shard: try DirectoryWalk.entries(of: cid, read: read, shard: emit, visit: { _ in })
        case .file(let file):
            try emit(cid)
            let range = bytes.map { $0.resolved(size: file.fileSize) ?? 0..<0 }
            try FileWalk.pieces(of: cid, in: range, read: read, inner: emit) { piece in
                if case .leaf(let leaf, _, _) = piece { try emit(leaf) }
            }
        }
    }
}
