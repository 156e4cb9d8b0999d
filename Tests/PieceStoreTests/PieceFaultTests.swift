import Core
import FileFaults
import Files
import Foundation
import PieceStore
import TestFolders
import Testing

/// "Fail operation n, for every n": a script of writing, removing, extending and collecting in which one fails.
struct PieceFaultTests {
    private let script = PieceFaultScript()

    private func operations() throws -> Int {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let fileSystem = FaultyFileSystem(.ioError, at: .max)
        let store = try PieceStore(configuration(folder.store, fileSystem: fileSystem))
        let state = script.run(store)
        #expect(state.failures == 0 && state.extended == [1] && state.removed == [2])
        let count = fileSystem.count
        try script.check(store, state, "no fault")
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
            var state = PieceFaultScript.Acknowledged()
            do {
                let fileSystem = FaultyFileSystem(fault, at: operation)
                let store = try PieceStore(configuration(folder.store, fileSystem: fileSystem))
                state = script.run(store)
                try script.check(store, state, replay)
                if fault == .shortWrite { #expect(state.failures == 0, replay) }
            } catch let error as PieceStoreError {
                #expect(error.code == .ioFailed || error.code == .diskFull, replay)
            }
            let store = try PieceStore(configuration(folder.store))
            #expect(!store.opening.rebuilt, replay)
            try script.check(store, state, replay)
            try script.checkResidue(store, replay)
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
            var state = PieceFaultScript.Acknowledged()
            let crashed = try? PieceStore(configuration(folder.store, fileSystem: fileSystem))
            if let crashed { state = script.run(crashed) }
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

    private func checkAfterCrash(_ after: TemporaryFolder, _ state: PieceFaultScript.Acknowledged, _ replay: Comment)
        throws
    {
        do {
            let store = try PieceStore(configuration(after.store))
            #expect(!store.opening.rebuilt, replay)
            try script.check(store, state, replay)
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
            #expect(try store.description(SamplePiece.segment(number), 0)?.leaseEnd == PieceFaultScript.until, replay)
        }
        for number in state.removed {
            #expect(try !store.contains(SamplePiece.segment(number), 0), replay)
            #expect(code { try store.put(PieceFaultScript.samples[number]) } == .tombstoned, replay)
        }
        try script.checkResidue(store, replay)
    }
}
