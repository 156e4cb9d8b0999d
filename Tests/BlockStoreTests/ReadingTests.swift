import BlockStore
import Content
import Core
import TestFolders
import Testing

struct ReadingTests {
    private let volume = "blocks/volumes/000001.vol"

    @Test func read_flippedByte_withdrawsAndTakesAgain() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag)
        try folder.flip(volume, at: 1_500)
        let broken = dag.leaves[1]
        let error = #expect(throws: BlockStoreError.self) { try store.read(broken.cid) }
        #expect(error?.code == .corrupt)
        #expect(error?.cid == broken.cid)
        #expect(try store.read(broken.cid) == nil)
        #expect(try store.contains([broken.cid]).isEmpty)
        #expect(try store.withdrawn(max: 5) == [broken.cid])
        #expect(store.counters.withdrawn == 1)
        #expect(try store.recount().isSound)
        let session = try store.beginImport(.cache, at: now)
        try session.append(broken)
        try session.commit(at: now)
        try expectWhole(dag, in: store)
        #expect(try store.withdrawn(max: 5).isEmpty)
        #expect(store.accounting.pinned == Int64(dag.bytes))
        #expect(try store.recount().isSound)
    }

    @Test func read_cachedAndFlipped_isForgotten() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1])
        try store.take(dag, .cache, owner: nil)
        try folder.flip(volume, at: 10)
        #expect(throws: BlockStoreError.self) { try store.read(dag.leaves[0].cid) }
        #expect(try store.withdrawn(max: 5).isEmpty)
        #expect(try store.state(ofDAG: dag.root, missingMax: 5).missing == [dag.leaves[0].cid])
        #expect(try store.recount().isSound)
    }

    @Test func read_volumeIsGone_withdraws() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let dag = try SampleDAG(files: [1])
        do { try makeStore(folder).take(dag) }
        try folder.remove(volume)
        let store = try makeStore(folder)
        #expect(throws: BlockStoreError.self) { try store.read(dag.leaves[0].cid) }
        for leaf in dag.leaves.dropFirst() { _ = try? store.read(leaf.cid) }
        try store.take(dag, owner: "again")
        try expectWhole(dag, in: store)
        #expect(try store.recount().isSound)
    }

    @Test func extents_ofAFile_areOneAndHoldItsBytes() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1], leavesPerFile: 9)
        try store.take(dag)
        let extents = try #require(try store.extents(of: dag.leaves.map(\.cid)))
        #expect(extents.count == 1)
        #expect(extents[0].length == 9_000)
        #expect(extents[0].file.isUnchanged())
        let bytes = try folder.read(volume)[extents[0].offset..<extents[0].offset + extents[0].length]
        #expect(bytes.elementsEqual(dag.leaves.flatMap(\.bytes)))
    }

    @Test func extents_ofALargeLeaf_beginAPage() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let small = Block(hashing: [UInt8](repeating: 1, count: 1_000), codec: .raw)
        let large = Block(hashing: [UInt8](repeating: 2, count: 300_000), codec: .raw)
        let session = try store.beginImport(.cache, at: now)
        for block in [small, large] { try session.append(block) }
        try session.commit(at: now)
        let extents = try #require(try store.extents(of: [large.cid]))
        #expect(extents.map(\.offset) == [4_096])
        #expect(try folder.read(volume)[4_096...].elementsEqual(large.bytes))
        #expect(store.accounting.cached == 301_000)
        #expect(store.accounting.dead == 0)
        #expect(try store.recount().isSound)
    }

    @Test func extents_ofAMissingLeaf_areNone() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1])
        try store.take(dag)
        #expect(try store.extents(of: [dag.leaves[0].cid, CID(hashing: [1], codec: .raw)]) == nil)
    }

    @Test func extents_fileChangedByOthers_areNoLongerUnchangedAndVerifiedAnew() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1])
        try store.take(dag)
        let before = try #require(try store.extents(of: dag.leaves.map(\.cid)))
        try folder.flip(volume, at: 2_500)
        #expect(before[0].file.isUnchanged() == false)
        let error = #expect(throws: BlockStoreError.self) { try store.extents(of: dag.leaves.map(\.cid)) }
        #expect(error?.code == .corrupt)
        #expect(try store.extents(of: dag.leaves.prefix(2).map(\.cid)) != nil)
    }

    @Test func extents_ownAppendsAndHoles_leaveThemUnchanged() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let kept = try SampleDAG(files: [1])
        let gone = try SampleDAG(files: [2])
        try store.take(kept, owner: "kept")
        try store.take(gone, owner: "gone")
        let extents = try #require(try store.extents(of: kept.leaves.map(\.cid)))
        try store.take(SampleDAG(files: [3]), owner: "more")
        #expect(extents[0].file.isUnchanged())
        try store.unpin(Pin(root: gone.root, owner: "gone"))
        try store.collect(at: now)
        #expect(store.accounting.dead == 0)
        #expect(extents[0].file.isUnchanged())
    }

    @Test func extents_whileLeased_keepTheirBytesThoughDeleted() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let kept = try SampleDAG(files: [1])
        let gone = try SampleDAG(files: [2], leavesPerFile: 12)
        try store.take(kept, owner: "kept")
        try store.take(gone, owner: "gone")
        var extents = try store.extents(of: gone.leaves.map(\.cid))
        try store.unpin(Pin(root: gone.root, owner: "gone"))
        try store.collect(at: now)
        let extent = try #require(extents?.first)
        #expect(extent.file.isUnchanged() == false)
        let bytes = try folder.read(volume)[extent.offset..<extent.offset + extent.length]
        #expect(bytes.elementsEqual(gone.leaves.flatMap(\.bytes)))
        #expect(store.accounting.dead == 12_000)
        #expect(store.counters.punchesPostponed > 0)
        extents = nil
        withExtendedLifetime(extent) {}
    }

    @Test func collect_afterTheLeaseEnded_givesTheSpaceBack() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let gone = try SampleDAG(files: [2], leavesPerFile: 12)
        try store.take(SampleDAG(files: [1]), owner: "kept")
        try store.take(gone, owner: "gone")
        do {
            let extents = try store.extents(of: gone.leaves.map(\.cid))
            try store.unpin(Pin(root: gone.root, owner: "gone"))
            try store.collect(at: now)
            #expect(store.accounting.dead == 12_000)
            withExtendedLifetime(extents) {}
        }
        try store.collect(at: now)
        #expect(store.accounting.dead == 0)
    }

    @Test func reads_duringImportsAndCollection_areAlwaysRightOrAbsent() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let stable = try SampleDAG(files: [1, 2])
        let passing = try SampleDAG(files: [3, 4])
        try store.take(stable, owner: "stable")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 0..<30 {
                    try store.take(passing, owner: "\(round)")
                    try store.unpin(Pin(root: passing.root, owner: "\(round)"))
                    try store.collect(at: now)
                }
            }
            group.addTask {
                for _ in 0..<200 {
                    for block in passing.blocks {
                        let bytes = try store.array(block.cid)
                        #expect(bytes == nil || bytes == block.bytes)
                    }
                    for block in stable.blocks { #expect(try store.array(block.cid) == block.bytes) }
                    if let extents = try store.extents(of: stable.leaves.map(\.cid)) {
                        #expect(extents.reduce(0) { $0 + $1.length } == 6_000)
                    }
                    _ = try store.extents(of: passing.leaves.map(\.cid))
                }
            }
            try await group.waitForAll()
        }
        #expect(store.counters.withdrawn == 0)
        #expect(try store.recount().isSound)
    }
}
