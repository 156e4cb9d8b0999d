import Core
import FileFaults
import Files
import Foundation
import PieceStore
import TestFolders
import Testing

/// "Fail operation n, for every n": a script of writing, removing, extending and collecting in which one fails.
struct PieceFaultTests {
    /// What must hold after the script, whichever step failed.
    private struct Acknowledged {
        var pieces: [Int: SamplePiece] = [:]
        /// Segments that the owner removed for sure.
        var removed: Set<Int> = []
        var extended: Set<Int> = []
        /// What the failed step was about may be there or not.
        var uncertain: Set<Int> = []
        var failures = 0

        mutating func remove(_ number: Int) {
            pieces[number] = nil
            removed.insert(number)
        }
    }

    private static let sizes = [3000, 70_000, 200_000, 10_000, 66_000, 500]
    private static let samples = sizes.enumerated().map { SamplePiece($0.offset, bytes: $0.element) }
    private static let until = lease + .seconds(1000)

    private func run(_ store: PieceStore) -> Acknowledged {
        var state = Acknowledged()
        func step(_ number: Int, _ change: (inout Acknowledged) -> Void, _ body: () throws -> Void) {
            do {
                try body()
                change(&state)
            } catch {
                state.failures += 1
                state.uncertain.insert(number)
            }
        }
        func put(_ number: Int) {
            let piece = Self.samples[number]
            step(number, { $0.pieces[number] = piece }) { try store.put(piece, statement: statement(piece)) }
        }
        put(0)
        let open = try? store.begin(Self.samples[3].description)
        put(1)
        put(2)
        open?.discard()
        var extended = 0
        step(1, { if extended == 1 { $0.extended.insert(1) } }) {
            extended = try store.extendLease([SamplePiece.segment(1)], owner: alice, until: Self.until)
        }
        step(2, { $0.remove(2) }) {
            try store.entomb([SamplePiece.segment(2)], owner: alice, until: Self.until, bytes: [1])
        }
        step(9, { _ in }) { try store.collectAll(now: now) }
        put(3)
        put(4)
        step(0, { $0.pieces[0] = nil }) { try store.remove(SamplePiece.segment(0), 0) }
        // Ends the leases of all but what was extended.
        step(9, { _ in }) { try store.collectAll(now: lease) }
        put(5)
        if state.extended.contains(1) {
            for number in [0, 3, 4, 5] { state.uncertain.insert(number) }
            step(9, { _ in }) { try store.collectAll(now: lease + .milliseconds(1)) }
            for number in [0, 3, 4, 5] { state.pieces[number] = nil }
        }
        return state
    }

    private func check(_ store: PieceStore, _ state: Acknowledged, _ replay: Comment) throws {
        try expectSound(store, replay)
        for (number, piece) in state.pieces where !state.uncertain.contains(number) || number == 1 {
            #expect(try store.whole(piece) == piece.bytes, replay)
            #expect(try store.statements(of: piece.segment).count == 1, replay)
        }
        for number in state.extended {
            #expect(try store.description(SamplePiece.segment(number), 0)?.leaseEnd == Self.until, replay)
        }
        for number in state.removed {
            #expect(try !store.contains(SamplePiece.segment(number), 0), replay)
            #expect(code { try store.put(Self.samples[number]) } == .tombstoned, replay)
        }
        for segment in try store.heldSegments() {
            let piece = try #require(Self.samples.first { $0.segment == segment }, replay)
            #expect(try store.whole(piece) == piece.bytes, replay)
        }
        #expect(store.counters.damaged == 0, replay)
    }

    /// Nothing on disk but what the index knows, and nothing left to free.
    private func checkResidue(_ store: PieceStore, _ replay: Comment) throws {
        try store.collectAll(now: now)
        try expectSound(store, replay)
        #expect(store.accounting.dead == PieceAmount() && store.accounting.entombed == PieceAmount(), replay)
    }

    private func operations() throws -> Int {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let fileSystem = FaultyFileSystem(.ioError, at: .max)
        let store = try PieceStore(configuration(folder.store, fileSystem: fileSystem))
        let state = run(store)
        #expect(state.failures == 0 && state.extended == [1] && state.removed == [2])
        let count = fileSystem.count
        try check(store, state, "no fault")
        return count
    }

    @Test(arguments: [FaultyFileSystem.Fault.ioError, .diskFull, .shortWrite])
    func operation_failing_losesNothingAcknowledged(fault: FaultyFileSystem.Fault) throws {
        let total = try operations()
        #expect(total > 40)
        for operation in 0..<total {
            let replay: Comment = "replay: \(fault) at operation \(operation)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            var state = Acknowledged()
            do {
                let fileSystem = FaultyFileSystem(fault, at: operation)
                let store = try PieceStore(configuration(folder.store, fileSystem: fileSystem))
                state = run(store)
                try check(store, state, replay)
                if fault == .shortWrite { #expect(state.failures == 0, replay) }
            } catch let error as PieceStoreError {
                #expect(error.code == .ioFailed || error.code == .diskFull, replay)
            }
            let store = try PieceStore(configuration(folder.store))
            #expect(!store.opening.rebuilt, replay)
            try check(store, state, replay)
            try checkResidue(store, replay)
        }
    }

    /// - Parameter keepsUnsynchronized: whether the disk has also what was never synchronized.
    @Test(arguments: [false, true])
    func operation_crashing_losesNothingAcknowledged(keepsUnsynchronized: Bool) throws {
        let total = try operations()
        for operation in 0..<total {
            let replay: Comment = "replay: crash at operation \(operation), all kept: \(keepsUnsynchronized)"
            let folder = try TemporaryFolder()
            let after = try TemporaryFolder()
            defer { withExtendedLifetime((folder, after)) {} }
            let fileSystem = FaultyFileSystem(.crash, at: operation)
            var state = Acknowledged()
            let crashed = try? PieceStore(configuration(folder.store, fileSystem: fileSystem))
            if let crashed { state = run(crashed) }
            if !keepsUnsynchronized {
                try fileSystem.surviving(of: folder.store, into: after.store)
            } else if FileManager.default.fileExists(atPath: folder.store) {
                try FileManager.default.copyItem(atPath: folder.store, toPath: after.store)
                try? FileManager.default.removeItem(atPath: after.store + "/index.sqlite-shm")
            }
            withExtendedLifetime(crashed) {}
            try checkAfterCrash(after, state, replay)
        }
    }

    private func checkAfterCrash(_ after: TemporaryFolder, _ state: Acknowledged, _ replay: Comment) throws {
        do {
            let store = try PieceStore(configuration(after.store))
            #expect(!store.opening.rebuilt, replay)
            try check(store, state, replay)
        }
        // The same without the index; statements of nodes are not in the volumes.
        for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: after.store + "/" + name)
        }
        let store = try PieceStore(configuration(after.store))
        try expectSound(store, replay)
        for (number, piece) in state.pieces where !state.uncertain.contains(number) || number == 1 {
            #expect(try store.whole(piece) == piece.bytes, replay)
        }
        for number in state.extended {
            #expect(try store.description(SamplePiece.segment(number), 0)?.leaseEnd == Self.until, replay)
        }
        for number in state.removed {
            #expect(try !store.contains(SamplePiece.segment(number), 0), replay)
            #expect(code { try store.put(Self.samples[number]) } == .tombstoned, replay)
        }
        try checkResidue(store, replay)
    }
}
