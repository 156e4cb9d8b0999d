import Core
import FileFaults
import Foundation
import PieceStore
import Synchronization
import TestFolders
import Testing

struct PieceConcurrencyTests {
    @Test func threads_writingReadingAndCollecting_agree() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            do {
                for round in 0..<24 {
                    let number = thread * 100 + round
                    let piece = SamplePiece(number, bytes: 500 + (number * 7919) % 150_000)
                    let writer = try store.begin(piece.description)
                    try writer.append(piece.bytes)
                    if round % 4 == 3 {
                        writer.discard()
                        continue
                    }
                    try writer.commit(statement: statement(piece))
                    guard try store.whole(piece) == piece.bytes else { throw PieceStoreError(.damaged, "\(number)") }
                    switch round % 4 {
                    case 0: try store.entomb([piece.segment], owner: alice, until: lease, bytes: [])
                    case 1: try store.extendLease([piece.segment], owner: alice, until: lease + .seconds(60))
                    default: try store.collect(now: now, budget: 5)
                    }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(store.counters.damaged == 0)
        try store.collectAll(now: now)
        try expectSound(store)
        #expect(try store.heldSegments().count == 8 * 12)
        for thread in 0..<8 {
            for round in 0..<24 where round % 4 == 1 || round % 4 == 2 {
                let number = thread * 100 + round
                let piece = SamplePiece(number, bytes: 500 + (number * 7919) % 150_000)
                #expect(try store.whole(piece) == piece.bytes)
                let end = round % 4 == 1 ? lease + .seconds(60) : lease
                #expect(try store.description(piece.segment, 0)?.leaseEnd == end)
            }
        }
    }

    @Test func pieces_manyAndTiny_areOpenedWithoutLookingAtEach() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let count = 20_000
        var limits = configuration(folder.store, pieceBytesMax: 1 << 30, ownerBytesMax: 1 << 30)
        limits.volumeBytesMax = 64 << 20
        do {
            let store = try PieceStore(limits)
            let failures = Atomic<Int>(0)
            DispatchQueue.concurrentPerform(iterations: 8) { thread in
                for number in stride(from: thread, to: count, by: 8) {
                    if (try? store.put(SamplePiece(number, bytes: 20))) == nil { failures.add(1, ordering: .relaxed) }
                }
            }
            #expect(failures.load(ordering: .relaxed) == 0)
            #expect(store.accounting.sound.count == Int64(count))
            #expect(store.counters.synchronizations < count, "commits shared synchronizations")
        }
        #expect(try folder.volumes().count == 2)
        let fileSystem = FaultyFileSystem(.ioError, at: .max)
        var counted = limits
        counted.fileSystem = fileSystem
        let store = try PieceStore(counted)
        #expect(!store.opening.rebuilt)
        #expect(fileSystem.count < 20)
        #expect(try store.whole(SamplePiece(777, bytes: 20)) == SamplePiece(777, bytes: 20).bytes)
    }
}
