import BlockStore
import Content
import Core
import NIOCore
import Testing

/// A small site: a folder with one file of several leaves.
struct SampleSite: Sendable {
    let root: CID
    /// Each block once, children before parents.
    let blocks: [Block]

    static let fileName = "file"

    var leaves: [Block] { blocks.filter { $0.cid.codec == .raw } }

    /// Equal seeds give equal sites.
    init(_ seed: UInt64, leaves: Int = 3, leafBytes: Int = 1_000) throws {
        var rng = SplitMix64(seed: seed)
        var builder = FileDAGBuilder(width: 32)
        var blocks: [Block] = []
        for _ in 0..<leaves {
            let bytes = (0..<leafBytes).map { _ in UInt8(truncatingIfNeeded: rng.next()) }
            let leaf = Block(hashing: bytes, codec: .raw)
            blocks.append(leaf)
            blocks += builder.addLeaf(leaf.cid, size: UInt64(leaf.bytes.count))
        }
        let file = builder.finish()
        blocks += file.blocks
        let folder = try DirectoryBuilder.build([
            DirectoryEntry(name: Self.fileName, cid: file.root, tsize: file.tsize)
        ])
        blocks += folder.blocks
        self.blocks = blocks
        root = folder.root
    }
}

extension BlockStore {
    func take(_ site: SampleSite, at now: Instant) throws {
        let session = try beginImport(.pinned, at: now)
        for block in site.blocks { try session.append(block) }
        try session.commit(pins: [Pin(root: site.root, owner: "test")], at: now)
    }

    /// Byte for byte.
    func expectAll(of blocks: [Block]) throws {
        for block in blocks { #expect(try read(block.cid).map { Array(buffer: $0) } == block.bytes) }
    }

    func expectNothing(of site: SampleSite) throws {
        #expect(try contains(site.blocks.map(\.cid)).isEmpty)
        #expect(accounting.total == 0)
        #expect(try pins().isEmpty)
        #expect(try recount().isSound)
    }
}
