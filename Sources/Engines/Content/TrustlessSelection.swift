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
        let node: UnixFSNode
        do {
            node = try UnixFSNode.read(cid, read)
        } catch let error as ContentError where error.code == .malformed || error.code == .unsupported {
            return try emit(cid)  // DAG-PB of another format: an entity of one block
        }
        switch node {
        case .directory, .symlink, .raw: try emit(cid)
        case .shard: try DirectoryWalk.entries(of: cid, read: read, shard: emit, visit: { _ in })
        case .file(let file):
            guard let bytes else { return try DAGWalk.blocks(below: cid, read: read, visit: emit) }
            try emit(cid)
            guard let range = bytes.resolved(size: file.fileSize) else { return }
            try Self.part(cid, range, read, emit)
        }
    }

    /// The blocks of a file that hold bytes in `range`.
    ///
    /// A subtree that lies in the range as a whole is walked once, however often the file has it, so that a small DAG
    /// that claims to be an endless file costs no more than its blocks.
    private static func part(
        _ root: CID,
        _ range: Range<UInt64>,
        _ read: BlockReader,
        _ emit: (CID) throws -> Void
    ) throws {
        var whole: Set<CID> = []
        var stack: [(cid: CID, start: UInt64, size: UInt64?, depth: Int)] = [(root, 0, nil, 0)]
        while let (cid, start, size, depth) = stack.popLast() {
            guard depth <= WalkLimits.depthMax else {
                throw ContentError(.tooLarge, "file \(root) is deeper than \(WalkLimits.depthMax) blocks")
            }
            if let size, range.lowerBound <= start, start + size <= range.upperBound {
                try DAGWalk.blocks(below: cid, seen: &whole, read: read, visit: emit)
                continue
            }
            try emit(cid)
            guard cid.codec == .dagPB else { continue }
            guard case .file(let file) = try UnixFSNode.read(cid, read), size ?? file.fileSize == file.fileSize else {
                throw ContentError(.malformed, "\(cid) is not the part of file \(root) that it was announced as")
            }
            var end = start + UInt64(file.inline.count)
            var below: [(CID, UInt64, UInt64?, Int)] = []
            for part in file.parts {
                let position = end
                end += part.size
                guard part.size > 0, position < range.upperBound, end > range.lowerBound else { continue }
                below.append((part.cid, position, part.size, depth + 1))
            }
            stack += below.reversed()
        }
    }
}
