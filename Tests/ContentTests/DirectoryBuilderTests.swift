import Content
import Core
import Testing

@Suite struct DirectoryBuilderTests {
    private func entries(_ count: Int) -> [DirectoryEntry] {
        (0..<count).map { DirectoryEntry(name: "file-\($0).html", cid: rawCID($0), tsize: 5) }
    }

    /// Looks one name up in an emitted HAMT.
    private func find(_ name: String, root: CID, in nodes: [CID: UnixFSNode]) -> CID? {
        var (cid, path) = (root, HAMTPath(name: name))
        while case .shard(let shard) = nodes[cid] {
            guard let index = path.next(bits: shard.bitsPerLevel) else { return nil }
            guard let slot = shard.slot(at: index) else { return nil }
            if let found = slot.name { return found == name ? slot.cid : nil }
            cid = slot.cid
        }
        return nil
    }

    @Test func emptyDirectory_built_isTheKnownBlock() throws {
        let result = try DirectoryBuilder.build([])
        #expect(result.root.description == "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354")
        #expect(result.tsize == 4 && result.blocks.map(\.cid) == [result.root])
    }

    @Test func entriesInAnyOrder_built_areSortedByNameBytes() throws {
        let names = ["b", "a", "é", "B", "aa", "z"]
        let entries = names.map { DirectoryEntry(name: $0, cid: rawCID(1), tsize: 2) }
        let result = try DirectoryBuilder.build(entries)
        guard case .directory(let links) = try UnixFSNode(result.blocks[0]) else {
            Issue.record("no directory")
            return
        }
        #expect(links.map(\.name) == ["B", "a", "aa", "b", "z", "é"])
        #expect(try DirectoryBuilder.build(entries.reversed()).root == result.root)
        #expect(result.tsize == UInt64(result.blocks[0].bytes.count) + 12)
    }

    @Test func badEntries_built_areRefused() {
        func build(_ names: [String]) -> ContentError.Code? {
            code { _ = try DirectoryBuilder.build(names.map { DirectoryEntry(name: $0, cid: rawCID(1), tsize: 1) }) }
        }
        #expect(build(["a", "b", "a"]) == .duplicateName)
        #expect(build(["e\u{301}", "\u{e9}"]) == nil)  // equal text, other bytes: two names
        for name in ["", ".", "..", "a/b", "a\0", String(repeating: "x", count: 256)] {
            #expect(build([name]) == .invalidName, "\(name)")
            #expect(code { try EntryName.check(name) } == .invalidName)
        }
        for name in ["...", ".a", "a b", "ü", String(repeating: "x", count: 255)] {
            #expect(code { try EntryName.check(name) } == nil, "\(name)")
        }
    }

    @Test func entryWeights_overflowing_saturate() throws {
        let entries = ["a", "b"].map { DirectoryEntry(name: $0, cid: rawCID(1), tsize: .max) }
        #expect(try DirectoryBuilder.build(entries).tsize == .max)
    }

    @Test func directory_overFlatLimit_becomesHAMT() throws {
        func size(_ entries: [DirectoryEntry]) -> Int {
            let links = entries.map { DAGPBLink(cid: $0.cid, name: $0.name, tsize: $0.tsize) }
            return DAGPBNode(links: links, data: UnixFSData(kind: .directory).encoded).encoded.count
        }
        func entry(_ length: Int) -> DirectoryEntry {
            DirectoryEntry(name: String(repeating: "x", count: length), cid: rawCID(1), tsize: 1)
        }
        let most = entries(5000)
        var few = most.prefix { $0.name != "file-4300.html" } + []
        while size(few + [entry(150)]) < DirectoryBuilder.flatBytesMax { few.append(most[few.count]) }
        few.removeLast()
        let length = 150 + DirectoryBuilder.flatBytesMax - size(few + [entry(150)])
        #expect(size(few + [entry(length)]) == DirectoryBuilder.flatBytesMax)
        let flat = try DirectoryBuilder.build(few + [entry(length)])
        #expect(flat.blocks.map(\.bytes.count) == [DirectoryBuilder.flatBytesMax])
        let spread = try DirectoryBuilder.build(few + [entry(length + 1)])
        guard case .shard = try UnixFSNode(try #require(spread.blocks.last)) else {
            Issue.record("one byte over the limit is still flat")
            return
        }
    }

    @Test func tenThousandNames_built_areAllFound() throws {
        let entries = entries(10_000)
        let result = try DirectoryBuilder.build(entries)
        let nodes = try store(result.blocks).mapValues { try UnixFSNode($0) }
        #expect(result.blocks.count > 200 && result.blocks.last?.cid == result.root)
        for entry in entries {
            let found = find(entry.name, root: result.root, in: nodes)
            #expect(found == entry.cid, "\(entry.name)")
        }
        #expect(find("absent", root: result.root, in: nodes) == nil)
        #expect(try DirectoryBuilder.build(entries.reversed()).root == result.root)
        #expect(result.tsize == result.blocks.reduce(50_000) { $0 + UInt64($1.bytes.count) })
    }

    @Test func shards_emitted_comeAfterTheirChildren() throws {
        let result = try DirectoryBuilder.build(entries(6000))
        var seen: Set<CID> = []
        for block in result.blocks {
            guard case .shard(let shard) = try UnixFSNode(block) else { throw ContentError(.unsupported, "no shard") }
            #expect(shard.fanout == 256 && !shard.slots.isEmpty)
            #expect(shard.slots.allSatisfy { $0.name != nil || seen.contains($0.cid) })
            seen.insert(block.cid)
        }
    }

    @Test func shardWithOnlyLowSlots_emitted_hasShortBitfield() throws {
        let result = try DirectoryBuilder.build(entries(6000))
        for block in result.blocks {
            let message = try UnixFSData(decoding: DAGPBNode(decoding: block.bytes).data ?? [])
            #expect(message.data?.first != 0)
        }
    }

    @Test(
        arguments: [
            ("hello, world", 0x342F_AC62_3A5E_BC8E), ("19 Jan 2038 at 3:14:07 AM", 0xB89E_5988_B737_AFFC),
            ("The quick brown fox jumps over the lazy dog.", 0xCD99_481F_9EE9_02C9), ("", 0),
        ] as [(String, UInt64)]
    ) func name_hashed_isMurmur3(name: String, hash: UInt64) {
        var path = HAMTPath(name: name)
        let bits = (0..<16).map { _ in UInt64(path.next(bits: 4) ?? 99) }
        #expect(bits.reduce(0) { $0 << 4 | $1 } == hash)
        #expect(path.next(bits: 1) == nil)
        path = HAMTPath(name: name)
        #expect(path.next(bits: 3).map(UInt64.init) == hash >> 61)
    }

    @Test func symlink_built_roundTrips() throws {
        let block = try DirectoryBuilder.symlink(to: "../a b")
        #expect(try UnixFSNode(block) == .symlink(target: "../a b"))
        let long = String(repeating: "x", count: UnixFSNode.symlinkTargetBytesMax + 1)
        #expect(code { _ = try DirectoryBuilder.symlink(to: long) } == .tooLarge)
    }
}
