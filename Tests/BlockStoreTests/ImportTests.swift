import BlockStore
import Content
import Core
import TestFolders
import Testing

struct ImportTests {
    @Test func import_committed_isReadAfterReopen() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let dag = try SampleDAG(files: [1, 2, 3])
        do {
            let store = try makeStore(folder)
            let summary = try store.take(dag)
            #expect(summary.newBlocks == dag.blocks.count)
            #expect(summary.newBytes == dag.bytes)
            try expectWhole(dag, in: store)
        }
        let store = try makeStore(folder)
        try expectWhole(dag, in: store)
        #expect(store.accounting.pinned == Int64(dag.bytes))
        #expect(try store.recount().isSound)
    }

    @Test func import_aborted_leavesNothing() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2], leavesPerFile: 40)
        let session = try store.beginImport(.pinned, at: now)
        for block in dag.blocks { try session.append(block) }
        session.abort()
        #expect(try store.contains(dag.root) == false)
        #expect(try folder.names("blocks/volumes") == [])
        #expect(store.accounting.total == 0)
    }

    @Test func import_beforeCommit_isInvisible() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1])
        let session = try store.beginImport(.pinned, at: now)
        for block in dag.blocks { try session.append(block) }
        #expect(try store.contains(dag.blocks.map(\.cid)).isEmpty)
        try session.commit(pins: [Pin(root: dag.root, owner: "a")], at: now)
        #expect(try store.contains(dag.blocks.map(\.cid)).count == dag.blocks.count)
    }

    @Test func import_again_storesNothingNew() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag)
        let again = try store.take(dag, owner: "other")
        #expect(again.newBlocks == 0)
        #expect(again.knownBlocks == dag.blocks.count)
        #expect(store.accounting.pinned == Int64(dag.bytes))
        #expect(try store.recount().isSound)
    }

    @Test func import_smallSessions_shareAVolume() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        for seed in 1...5 { try store.take(SampleDAG(files: [UInt64(seed)]), owner: "\(seed)") }
        #expect(try folder.names("blocks/volumes").count == 1)
        #expect(try store.recount().isSound)
    }

    @Test func import_twoSessionsWithOneDAG_keepOneCopy() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        let sessions = try (0..<2).map { _ in try store.beginImport(.pinned, at: now) }
        for block in dag.blocks { for session in sessions { try session.append(block) } }
        for (index, session) in sessions.enumerated() {
            try session.commit(pins: [Pin(root: dag.root, owner: "\(index)")], at: now)
        }
        try expectWhole(dag, in: store)
        #expect(store.accounting.pinned == Int64(dag.bytes))
        #expect(try store.recount().isSound)
        try store.collect(at: now)
        #expect(try folder.names("blocks/volumes").count == 1)
        #expect(try store.recount().isSound)
    }

    @Test func append_wrongHash_isRefused() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let session = try store.beginImport(.cache, at: now)
        let cid = CID(hashing: [1, 2, 3], codec: .raw)
        let error = #expect(throws: BlockStoreError.self) {
            try [UInt8]([3, 2, 1]).withUnsafeBytes { try session.append(cid, $0) }
        }
        #expect(error?.code == .badBlock)
    }

    @Test func append_identityCID_isNotStoredAndAlwaysThere() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let cid = CID(codec: .raw, hash: .identity([7, 8]))
        let session = try store.beginImport(.cache, at: now)
        try [UInt8]([7, 8]).withUnsafeBytes { try session.append(cid, $0) }
        #expect(try session.commit(at: now).newBlocks == 0)
        #expect(try store.contains(cid))
        #expect(try store.array(cid) == [7, 8])
    }

    @Test func append_sameDigestAsRawAndNode_areTwoBlocks() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let leaf = Block(hashing: [9], codec: .raw)
        let node = try DirectoryBuilder.build([DirectoryEntry(name: "a", cid: leaf.cid, tsize: 1)]).blocks[0]
        let asLeaf = Block(hashing: node.bytes, codec: .raw)
        let session = try store.beginImport(.pinned, at: now)
        for block in [leaf, node, asLeaf] { try session.append(block) }
        try session.commit(pins: [Pin(root: asLeaf.cid, owner: "leaf"), Pin(root: node.cid, owner: "node")], at: now)
        try store.unpin(Pin(root: asLeaf.cid, owner: "leaf"))
        try store.collect(at: now)
        #expect(try store.array(node.cid) == node.bytes)
        #expect(try store.array(leaf.cid) == [9])
        #expect(try store.contains(asLeaf.cid) == false)
    }

    @Test func import_overTheLentSpace_isRefusedAndLeavesNothing() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder, storage: 20_000)
        let kept = try SampleDAG(files: [1])
        try store.take(kept)
        let large = try SampleDAG(files: [2, 3, 4], leavesPerFile: 20)
        let error = #expect(throws: BlockStoreError.self) { try store.take(large) }
        #expect(error?.code == .full)
        #expect(error?.message.contains("20000") == true)
        try expectWhole(kept, in: store)
        #expect(store.accounting.pinned == Int64(kept.bytes))
        #expect(throws: BlockStoreError.self) { try store.beginImport(.pinned, expectedBytes: 20_000, at: now) }
        try store.take(SampleDAG(files: [5]), owner: "fits")
        #expect(try store.recount().isSound)
    }

    @Test func open_inUse_isRefused() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let error = #expect(throws: BlockStoreError.self) { try makeStore(folder) }
        #expect(error?.code == .inUse)
        withExtendedLifetime(store) {}
    }

    @Test func open_orphanVolumesAndTails_areRemoved() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let dag = try SampleDAG(files: [1])
        do { try makeStore(folder).take(dag) }
        let volume = "blocks/volumes/000001.vol"
        let committed = try TemporaryFolder.size(folder.path + "/" + volume)
        try folder.append(volume, [1, 2, 3])
        try folder.write("blocks/volumes/000009.vol", [1])
        let store = try makeStore(folder)
        #expect(try folder.names("blocks/volumes") == ["000001.vol"])
        #expect(try TemporaryFolder.size(folder.path + "/" + volume) == committed)
        try expectWhole(dag, in: store)
    }
}
