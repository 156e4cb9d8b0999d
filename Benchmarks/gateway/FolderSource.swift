import Content
import Core
import Gateway
import Glibc
import NIOCore

/// A flat folder as a gateway's source: leaves lie in the folder's own files, nodes in memory, nothing elsewhere.
final class FolderSource: ContentSource {
    /// One file of the folder, checked block by block when it was read in.
    final class OpenFile: ExtentFile {
        let descriptor: CInt
        private let size: Int
        private let modified: Int

        init?(path: String) {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            var status = stat()
            fstat(descriptor, &status)
            size = Int(status.st_size)
            modified = status.st_mtim.tv_sec
        }

        deinit { close(descriptor) }

        func isUnchanged() -> Bool {
            var status = stat()
            return fstat(descriptor, &status) == 0 && Int(status.st_size) == size && status.st_mtim.tv_sec == modified
        }

        func read(at offset: Int, count: Int) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
                used = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
            }
        }
    }

    let root: CID
    private let nodes: [CID: [UInt8]]
    private let leaves: [CID: FileExtent]

    init(folder: String, names: [String]) throws {
        var nodes: [CID: [UInt8]] = [:]
        var leaves: [CID: FileExtent] = [:]
        var links: [DAGPBLink] = []
        for name in names.sorted() {
            guard let file = OpenFile(path: "\(folder)/\(name)") else { continue }
            var builder = FileDAGBuilder()
            var offset = 0
            while case let bytes = file.read(at: offset, count: FileDAGBuilder.leafBytes), !bytes.isEmpty {
                let cid = CID(hashing: bytes, codec: .raw)
                leaves[cid] = FileExtent(file: file, offset: offset, length: bytes.count)
                for block in builder.addLeaf(cid, size: UInt64(bytes.count)) { nodes[block.cid] = block.bytes }
                offset += bytes.count
            }
            let result = builder.finish()
            for block in result.blocks { nodes[block.cid] = block.bytes }
            links.append(DAGPBLink(cid: result.root, name: name, tsize: UInt64(offset)))
        }
        let directory = DAGPBNode(links: links, data: UnixFSData(kind: .directory).encoded).encoded
        root = CID(hashing: directory, codec: .dagPB)
        nodes[root] = directory
        self.nodes = nodes
        self.leaves = leaves
    }

    func localBlock(_ cid: CID) throws -> ByteBuffer? {
        if let node = nodes[cid] { return ByteBuffer(bytes: node) }
        guard let leaf = leaves[cid], let file = leaf.file as? OpenFile else { return nil }
        return ByteBuffer(bytes: file.read(at: leaf.offset, count: leaf.length))
    }

    func extents(of cids: [CID]) throws -> [FileExtent]? {
        var extents: [FileExtent] = []
        for cid in cids {
            guard let leaf = leaves[cid] else { return nil }
            if let last = extents.last, last.file === leaf.file, last.offset + last.length == leaf.offset {
                extents[extents.count - 1].length += leaf.length
            } else {
                extents.append(leaf)
            }
        }
        return extents
    }

    func fetchEntity(root: CID, path: [String], bytes: ClosedRange<UInt64>?) async throws(ContentUnavailable) {
        throw ContentUnavailable(.notFound, "Nobody has \(root).")
    }

    func fetchBlocks(_ cids: [CID], under root: CID) async throws(ContentUnavailable) {
        throw ContentUnavailable(.notFound, "Nobody has this.")
    }

    func resolve(_ name: PublisherID) async -> NameResolution? { nil }

    func isLocalRoot(_ cid: CID) -> Bool { cid == root }
}
