import BlockStore
import Content
import Core
import TestFolders
import Testing

/// Blocks on their way to another node: neighbours come with one read, and nothing wrong is sent.
struct ReadingInOrderTests {
    private let volume = "blocks/volumes/000001.vol"

    private struct Read: Equatable {
        var blocks: [CID: [UInt8]] = [:]
        var order: [CID] = []
    }

    /// All of `cids`, in as many calls as that takes.
    private func read(_ cids: [CID], from store: BlockStore, bytesMax: Int = 1 << 20) throws -> Read {
        var read = Read()
        var rest = cids[...]
        while !rest.isEmpty {
            let done = try store.readInOrder(rest, bytesMax: bytesMax) { cid, bytes in
                read.blocks[cid] = Array(bytes)
                read.order.append(cid)
            }
            #expect(done > 0)
            rest = rest.dropFirst(done)
        }
        return read
    }

    private func expect(_ read: Read, is blocks: [Block]) {
        #expect(read.order == blocks.map(\.cid))
        #expect(blocks.allSatisfy { read.blocks[$0.cid] == $0.bytes })
    }

    @Test(arguments: [1, 999, 1_000, 2_500, 1 << 20])
    func readInOrder_leavesAndNodes_givesEachInItsPlace(bytesMax: Int) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2, 3])
        try store.take(dag)
        // Twice: the first time the bytes are hashed, the second time they are known.
        for _ in 0..<2 { expect(try read(dag.blocks.map(\.cid), from: store, bytesMax: bytesMax), is: dag.blocks) }
        let reversed = Array(dag.blocks.reversed())
        expect(try read(reversed.map(\.cid), from: store, bytesMax: bytesMax), is: reversed)
    }

    @Test func readInOrder_blocksThatAreNotHere_areLeftOut() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let (here, elsewhere) = (try SampleDAG(files: [1]), try SampleDAG(files: [9]))
        try store.take(here)
        let mixed = zip(here.leaves, elsewhere.leaves).flatMap { [$1.cid, $0.cid] }
        expect(try read(mixed, from: store), is: here.leaves)
        expect(try read(elsewhere.leaves.map(\.cid), from: store), is: [])
    }

    @Test(arguments: [false, true])
    func readInOrder_flippedByte_leavesThatBlockOutAndWithdrawsIt(wasVerified: Bool) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag)
        let cids = dag.leaves.map(\.cid)
        if wasVerified { expect(try read(cids, from: store), is: dag.leaves) }
        try folder.flip(volume, at: 1_500)
        var sound = dag.leaves
        let broken = sound.remove(at: 1)
        expect(try read(cids, from: store), is: sound)
        #expect(try store.withdrawn(max: 5) == [broken.cid])
        expect(try read(cids, from: store), is: sound)
    }

    @Test func readInOrder_blocksCameAndWent_givesWhatIsThere() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let (kept, gone) = (try SampleDAG(files: [1]), try SampleDAG(files: [2]))
        try store.take(gone, owner: "gone")
        try store.take(kept)
        let cids = (gone.leaves + kept.leaves).map(\.cid)
        expect(try read(cids, from: store), is: gone.leaves + kept.leaves)
        try store.unpin(Pin(root: gone.root, owner: "gone"))
        try store.collect(at: now)
        expect(try read(cids, from: store), is: kept.leaves)
    }
}
