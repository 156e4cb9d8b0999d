import Content
import Core
import Testing

/// Paths through directories, and what a trustless gateway sends for them.
@Suite struct SelectionTests {
    private var blocks: [CID: [UInt8]] = [:]
    private let file: CID
    private let leaves: [CID]
    private let flat: CID
    private let hamt: CID
    private let root: CID
    private let link: CID

    init() throws {
        var all: [Block] = []
        var builder = FileDAGBuilder()
        for number in 0..<5 {
            let leaf = Block(hashing: noise(256, seed: UInt64(number)), codec: .raw)
            all.append(leaf)
            _ = builder.addLeaf(leaf.cid, size: 256)
        }
        leaves = all.map(\.cid)
        let end = builder.finish()
        file = end.root
        let symlink = try DirectoryBuilder.symlink(to: "../x")
        link = symlink.cid
        let inner = try DirectoryBuilder.build([
            DirectoryEntry(name: "file", cid: end.root, tsize: 1), DirectoryEntry(name: "link", cid: link, tsize: 1),
        ])
        flat = inner.root
        let pages = (0..<6_000).map { DirectoryEntry(name: "page-\($0)", cid: rawCID($0 % 7), tsize: 1) }
        let large = try DirectoryBuilder.build(pages + [DirectoryEntry(name: "flat", cid: flat, tsize: 1)])
        hamt = large.root
        let top = try DirectoryBuilder.build([
            DirectoryEntry(name: "large", cid: hamt, tsize: 1), DirectoryEntry(name: "raw", cid: leaves[0], tsize: 1),
        ])
        root = top.root
        for number in 0..<7 { all.append(Block(hashing: Array("leaf \(number)".utf8), codec: .raw)) }
        all += end.blocks + [symlink] + inner.blocks + large.blocks + top.blocks
        for block in all { blocks[block.cid] = block.bytes }
    }

    private func read(_ cid: CID) throws -> [UInt8] { try #require(blocks[cid]) }

    private func select(
        _ path: [String],
        _ scope: TrustlessSelection.Scope,
        bytes: (Int64, Int64?)? = nil,
        root: CID? = nil
    ) throws -> [CID] {
        let selection = TrustlessSelection(
            root: root ?? self.root,
            path: path,
            scope: scope,
            bytes: bytes.map { .init(from: $0.0, to: $0.1) }
        )
        var cids: [CID] = []
        try selection.blocks(read: read) { cids.append($0) }
        #expect(Set(cids).count == cids.count)
        return cids
    }

    @Test func path_throughFlatAndHAMT_isResolvedWithItsProof() throws {
        let found = try PathWalk.resolve(["large", "flat", "file"], below: root, read: read)
        #expect(found.cid == file && found.roots == [root, hamt, flat, file])
        #expect(found.proof.starts(with: [root, hamt]) && found.proof.last == flat)
        #expect(found.proof.count >= 3 && found.proof.count <= 6)
        let nowhere = try PathWalk.resolve([], below: root, read: read)
        #expect(nowhere.cid == root && nowhere.roots == [root] && nowhere.proof.isEmpty)
        #expect(try PathWalk.resolve(["large", "flat", "link"], below: root, read: read).cid == link)
        for number in stride(from: 0, to: 6_000, by: 97) {
            #expect(try PathWalk.resolve(["page-\(number)"], below: hamt, read: read).cid == rawCID(number % 7))
        }
    }

    @Test func missingSegment_orFileInTheMiddle_isNotFound() {
        let paths = [
            ["x"], ["large", "page-6000"], ["large", "flat", "x"], ["large", "flat", "file", "x"], ["raw", "x"],
            ["large", "flat", "link", "x"], ["Large"], ["large", "page-1", "x"],
        ]
        for path in paths {
            #expect(code { _ = try PathWalk.resolve(path, below: root, read: read) } == .notFound, "\(path)")
        }
        for name in ["", ".", "..", "a/b"] {
            #expect(code { _ = try PathWalk.resolve([name], below: root, read: read) } == .invalidName)
        }
        let raw = leaves[0]
        #expect(code { _ = try DirectoryWalk.lookup("x", in: raw, read: read) } == .unsupported)
        #expect(code { try DirectoryWalk.entries(of: file, read: read) { _ in } } == .unsupported)
    }

    @Test func directory_listed_hasEachEntryOnce() throws {
        var names: [String] = []
        var shards: [CID] = []
        try DirectoryWalk.entries(of: hamt, read: read, shard: { shards.append($0) }) { names.append($0.name) }
        #expect(names.count == 6_001 && Set(names).count == 6_001)
        #expect(shards.first == hamt && shards.count > 200)
        names = []
        try DirectoryWalk.entries(of: flat, read: read) { names.append($0.name) }
        #expect(names == ["file", "link"])
    }

    @Test func scopes_selected_areThePathAndWhatLiesThere() throws {
        let path = ["large", "flat"]
        let proof = try PathWalk.resolve(path, below: root, read: read).proof
        #expect(try select(path, .block) == proof + [flat])
        #expect(try select(path, .entity) == proof + [flat])
        #expect(try select(path, .all) == proof + [flat, file] + leaves + [link])
        #expect(try select(["large", "flat", "file"], .entity) == proof + [flat, file] + leaves)
        #expect(try select(["raw"], .entity) == [root, leaves[0]])
        #expect(Set(try select([], .all)) == Set(blocks.keys))
        let shards = try select(["large"], .entity)
        #expect(shards.starts(with: [root, hamt]) && shards.count > 200 && !shards.contains { $0.codec == .raw })
        #expect(code { _ = try select(["x"], .entity) } == .notFound)
    }

    /// The table of ipfs/specs trustless-gateway.md and gateway-conformance for a file of five leaves of 256 bytes.
    @Test(
        arguments: [
            ((512, 1023), [2, 3]), ((-5, nil), [4]), ((-257, nil), [3, 4]), ((-9999, nil), [0, 1, 2, 3, 4]),
            ((0, 0), [0]), ((0, nil), [0, 1, 2, 3, 4]), ((255, 256), [0, 1]), ((1279, 1279), [4]), ((1279, 9999), [4]),
            ((1280, 1280), []), ((5000, nil), []), ((0, -1025), [0]), ((0, -1281), []), ((600, 10), []),
            ((.min, .max), [0, 1, 2, 3, 4]), ((.max, .max), []), ((.min, .min), []), ((-1, -1), [4]), ((-256, -1), [4]),
        ] as [((Int64, Int64?), [Int])]
    ) func entityBytes_selected_areTheirLeaves(range: (Int64, Int64?), wanted: [Int]) throws {
        #expect(try select([], .entity, bytes: range, root: file) == [file] + wanted.map { leaves[$0] })
    }

    @Test func entityBytes_ofADirectory_areIgnored() throws {
        #expect(try select([], .entity, bytes: (5, 6), root: flat) == [flat])
        #expect(try select(["raw"], .entity, bytes: (900, nil)) == [root, leaves[0]])
    }

    @Test func blockThatIsNotThere_endsTheWalk() throws {
        struct Missing: Error {}
        #expect(throws: Missing.self) {
            try DAGWalk.blocks(below: root, read: { if $0 == flat { throw Missing() } else { try read($0) } }) { _ in }
        }
    }
}
