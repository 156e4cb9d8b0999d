import Core
import FileFaults
import Files
import Foundation
import PieceStore
import TestFolders
import Testing

/// "Fail operation n, for every n" on the index: the same script, in which one operation of SQLite on its files fails.
struct PieceIndexFaultTests {
    private let script = PieceFaultScript()

    private func operations(countsReads: Bool) throws -> Int {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let disk = FaultyDatabase(folder.store + "/index.sqlite", .ioError, at: .max, countsReads: countsReads)
        defer { disk.end() }
        let store = try PieceStore(configuration(folder.store))
        let state = script.run(store)
        #expect(state.failures == 0, "\(state.errors)")
        return disk.count
    }

    private func expectDiskError(_ error: any Error, _ replay: Comment) {
        let code = (error as? PieceStoreError)?.code
        #expect(code == .ioFailed || code == .diskFull, "\(replay): \(error)")
    }

    @Test(arguments: FaultyDatabase.sweeps)
    func operation_failing_losesNothingAcknowledged(fault: FaultyDatabase.Fault, countsReads: Bool) throws {
        let total = try operations(countsReads: countsReads)
        #expect(total > 40)
        for operation in FaultyDatabase.operations(below: total, countsReads: countsReads) {
            let replay: Comment = "replay: \(fault) at operation \(operation) of \(total), reads too: \(countsReads)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let path = folder.store + "/index.sqlite"
            let disk = FaultyDatabase(path, fault, at: operation, countsReads: countsReads)
            defer { disk.end() }
            var state = PieceFaultScript.Acknowledged()
            do {
                let store = try PieceStore(configuration(folder.store))
                state = script.run(store)
                if let error = state.errors.first { expectDiskError(error, replay) }
                disk.heal()
                try script.check(store, state, replay)
            } catch { expectDiskError(error, replay) }
            let store = try PieceStore(configuration(folder.store))
            // Built anew, it would have lost what other holders stated.
            #expect(!store.opening.rebuilt, replay)
            try script.check(store, state, replay)
            try script.checkResidue(store, replay)
        }
    }

    /// - Parameter losesUnsynchronized: whether the power goes with the process.
    @Test(arguments: [false, true])
    func operation_crashing_losesNothingAcknowledged(losesUnsynchronized: Bool) throws {
        for operation in 0..<(try operations(countsReads: false)) {
            let replay: Comment = "replay: crash at operation \(operation), loses: \(losesUnsynchronized)"
            let (folder, after) = (try TemporaryFolder(), try TemporaryFolder())
            defer { withExtendedLifetime((folder, after)) {} }
            let fileSystem = FaultyFileSystem(.crash, at: .max)
            let path = folder.store + "/index.sqlite"
            let disk = FaultyDatabase(path, .crash, at: operation) { fileSystem.crash() }
            defer { disk.end() }
            var state = PieceFaultScript.Acknowledged()
            let crashed = try? PieceStore(configuration(folder.store, fileSystem: fileSystem))
            if let crashed { state = script.run(crashed, endsAtFailure: true) }
            if losesUnsynchronized {
                try fileSystem.surviving(of: folder.store, into: after.store)
                try disk.restoreSurvivors(into: after.store)
            } else {
                try FileManager.default.copyItem(atPath: folder.store, toPath: after.store)
                try? FileManager.default.removeItem(atPath: after.store + "/index.sqlite-shm")
            }
            withExtendedLifetime(crashed) {}
            let store = try PieceStore(configuration(after.store))
            try script.check(store, state, replay)
            try script.checkResidue(store, replay)
        }
    }
}
