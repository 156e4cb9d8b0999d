import Content
import Core

/// A small site: a folder with some files, each of several leaves.
struct SampleDAG {
    let root: CID
    /// Each block once, children before parents.
    let blocks: [Block]

    var leaves: [Block] { blocks.filter { $0.cid.codec == .raw } }
    var nodes: [Block] { blocks.filter { $0.cid.codec != .raw } }
    var bytes: Int { blocks.reduce(0) { $0 + $1.bytes.count } }

    /// - Parameters:
    ///   - seed: equal seeds give equal files.
    ///   - leafBytes: the length of each leaf.
    init(files seeds: [UInt64], leavesPerFile: Int = 3, leafBytes: Int = 1_000) throws {
        var blocks: [Block] = []
        var entries: [DirectoryEntry] = []
        for (index, seed) in seeds.enumerated() {
            var rng = SplitMix64(seed: seed)
            var builder = FileDAGBuilder(width: 2)
            for _ in 0..<leavesPerFile {
                let leaf = Block(hashing: Self.bytes(leafBytes, using: &rng), codec: .raw)
                blocks.append(leaf)
                blocks += builder.addLeaf(leaf.cid, size: UInt64(leaf.bytes.count))
            }
            let file = builder.finish()
            blocks += file.blocks
            entries.append(DirectoryEntry(name: "file-\(index)", cid: file.root, tsize: file.tsize))
        }
        let folder = try DirectoryBuilder.build(entries)
        blocks += folder.blocks
        var seen: Set<CID> = []
        self.blocks = blocks.filter { seen.insert($0.cid).inserted }
        root = folder.root
    }

    static func bytes(_ count: Int, using rng: inout SplitMix64) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: rng.next()) }
    }
}
