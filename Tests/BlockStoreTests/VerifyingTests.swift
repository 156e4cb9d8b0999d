import BlockStore
import Core
import TestFolders
import Testing

/// A check of all blocks, also of those that nobody reads.
struct VerifyingTests {
    private func verifyAll(_ store: BlockStore, bytesMax: Int) throws -> (steps: Int, all: VerifiedBlocks) {
        var all = VerifiedBlocks()
        var steps = 0
        var next: BlockCursor? = .start
        while let cursor = next {
            let step = try store.verify(from: cursor, bytesMax: bytesMax)
            all.blocks += step.blocks
            all.bytes += step.bytes
            all.rotten += step.rotten
            next = step.next
            steps += 1
        }
        return (steps, all)
    }

    @Test(arguments: [1, 3_000, Int.max])
    func blocks_soundThenRotten_areCountedAndFoundOnce(bytesMax: Int) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag)
        let sound = try verifyAll(store, bytesMax: bytesMax)
        #expect(sound.all.rotten.isEmpty)
        #expect(sound.all.blocks == dag.blocks.count)
        #expect(sound.all.bytes == dag.blocks.reduce(0) { $0 + $1.bytes.count })
        #expect(sound.steps == (bytesMax == 1 ? dag.blocks.count : bytesMax == .max ? 1 : sound.steps))

        try folder.flip("blocks/volumes/000001.vol", at: 1_500)
        let rotten = try verifyAll(store, bytesMax: bytesMax)
        #expect(rotten.all.rotten.count == 1)
        #expect(try store.withdrawn(max: 5) == rotten.all.rotten)
        // It was taken out of service and is not found again.
        #expect(try verifyAll(store, bytesMax: bytesMax).all.rotten.isEmpty)
        #expect(try store.recount().withdrawn == 1)
        try store.take(dag)
        #expect(try store.recount().withdrawn == 0)
        #expect(try verifyAll(store, bytesMax: bytesMax).all.blocks == dag.blocks.count)
    }
}
