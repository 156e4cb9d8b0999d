import Content
import Core
import NIOCore

/// What lies at the end of a path.
struct Entity: Sendable {
    enum Kind: Sendable {
        case file(size: UInt64)
        case directory
        case symlink(target: String)
        /// A block that is no file system node, such as DAG-CBOR.
        case block
    }

    var cid: CID
    /// The CIDs of the root and of every name on the path.
    var roots: [CID]
    var kind: Kind
}

/// The walks of `Content` over a request's blocks, each called on a disk thread.
extension BlockAccess {
    /// What lies at the end of the request's path.
    ///
    /// - Throws: ``ContentError`` `.notFound` when the path names nothing.
    func entity() throws -> Entity {
        let resolved = try PathWalk.resolve(path, below: root, read: inner)
        return Entity(cid: resolved.cid, roots: resolved.roots, kind: try kind(of: resolved.cid))
    }

    /// The CID at the end of the request's path, whatever it is, and the CIDs on the way.
    func terminal() throws -> (cid: CID, roots: [CID]) {
        let resolved = try PathWalk.resolve(path, below: root, read: inner)
        return (resolved.cid, resolved.roots)
    }

    /// What `name` is in a directory, `nil` when it is not there.
    func child(named name: String, of directory: Entity) throws -> Entity? {
        guard let cid = try DirectoryWalk.lookup(name, in: directory.cid, read: inner) else { return nil }
        return Entity(cid: cid, roots: directory.roots + [cid], kind: try kind(of: cid))
    }

    private func kind(of cid: CID) throws -> Entity.Kind {
        switch cid.codec {
        case .raw: return .file(size: UInt64(try block(cid).readableBytes))
        case .dagPB: break
        default: return .block
        }
        switch try UnixFSNode(cid: cid, bytes: inner(cid)) {
        case .raw(let size): return .file(size: UInt64(size))
        case .file(let file): return .file(size: file.fileSize)
        case .directory, .shard: return .directory
        case .symlink(let target): return .symlink(target: target)
        }
    }

    /// The first `max` entries of a directory by name, and whether there are more.
    func entries(of directory: CID, max: Int) throws -> (entries: [DirectoryListing.Entry], isCut: Bool) {
        struct Enough: Error {}
        var entries: [DirectoryListing.Entry] = []
        do {
            try DirectoryWalk.entries(of: directory, read: inner) { entry in
                entries.append(.init(name: entry.name, size: entry.tsize, cid: entry.cid))
                guard entries.count <= max else { throw Enough() }
            }
        } catch is Enough {}
        let isCut = entries.count > max
        entries = Array(entries.prefix(max)).sorted { $0.name < $1.name }
        return (entries, isCut)
    }

    /// The pieces of a file of `size` bytes that hold bytes in `range`, in order.
    func pieces(of file: CID, size: UInt64, in range: ClosedRange<UInt64>) throws -> [FilePiece] {
        let wanted = range.lowerBound..<range.upperBound + 1
        guard file.codec != .raw else { return [.leaf(file, range: wanted.clamped(to: 0..<size), size: size)] }
        var pieces: [FilePiece] = []
        try FileWalk.pieces(of: file, in: wanted, read: inner) { pieces.append($0) }
        return pieces
    }
}
