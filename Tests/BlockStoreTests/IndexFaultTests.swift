import BlockStore
import Core
import FileFaults
import Files
import Foundation
import TestFolders
import Testing

/// "Fail operation n, for every n" on the index: the same script, in which one operation of SQLite on its files fails.
struct IndexFaultTests {
    private let script: FaultScript

    init() throws {
        script = try FaultScript()
    }

    private func open(_ path: String, _ fileSystem: any FileSystem = SystemFileSystem()) throws -> BlockStore {
        try BlockStore(configuration(path, cache: FaultScript.cacheBytesMax, fileSystem: fileSystem))
    }

    /// How many operations the script has when nothing fails.
    private func operations(countsReads: Bool) throws -> Int {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = folder.path + "/blocks"
        let disk = FaultyDatabase(path + "/index.sqlite", .ioError, at: .max, countsReads: countsReads)
        defer { disk.end() }
        let store = try open(path)
        let state = script.run(store)
        #expect(state.failures == 0, "\(state.errors)")
        return disk.count
    }

    @Test(arguments: FaultyDatabase.sweeps)
    func operation_failing_losesNothingAcknowledged(fault: FaultyDatabase.Fault, countsReads: Bool) throws {
        let total = try operations(countsReads: countsReads)
        #expect(total > 40)
        for operation in FaultyDatabase.operations(below: total, countsReads: countsReads) {
            let replay: Comment = "replay: \(fault) at operation \(operation) of \(total), reads too: \(countsReads)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let path = folder.path + "/blocks"
            let disk = FaultyDatabase(path + "/index.sqlite", fault, at: operation, countsReads: countsReads)
            defer { disk.end() }
            var state = FaultScript.Acknowledged()
            do {
                let store = try open(path)
                state = script.run(store)
                // Later steps may miss what the first to fail did not do.
                if let error = state.errors.first { expectDiskError(error, replay) }
                disk.heal()
                try script.check(store, state, replay)
            } catch { expectDiskError(error, replay) }
            let store = try open(path)
            try script.check(store, state, replay)
            try script.checkResidue(path, store, replay)
        }
    }

    /// The caller learns that the disk failed, and never that the index has to be thrown away.
    private func expectDiskError(_ error: any Error, _ replay: Comment) {
        let code = (error as? BlockStoreError)?.code
        #expect(code == .ioFailed || code == .diskFull, "\(replay): \(error)")
    }

    /// - Parameter losesUnsynchronized: whether the power goes with the process.
    @Test(arguments: [false, true])
    func operation_crashing_losesNothingAcknowledged(losesUnsynchronized: Bool) throws {
        for operation in 0..<(try operations(countsReads: false)) {
            let replay: Comment = "replay: crash at operation \(operation), loses: \(losesUnsynchronized)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let (path, after) = (folder.path + "/blocks", folder.path + "/after")
            let fileSystem = FaultyFileSystem(.crash, at: .max)
            let disk = FaultyDatabase(path + "/index.sqlite", .crash, at: operation) { fileSystem.crash() }
            defer { disk.end() }
            var state = FaultScript.Acknowledged()
            let crashed = try? open(path, fileSystem)
            if let crashed { state = script.run(crashed, endsAtFailure: true) }
            if losesUnsynchronized {
                try fileSystem.surviving(of: path, into: after)
                try disk.restoreSurvivors(into: after)
            } else {
                try FileManager.default.copyItem(atPath: path, toPath: after)
                try? FileManager.default.removeItem(atPath: after + "/index.sqlite-shm")
            }
            withExtendedLifetime(crashed) {}
            let boot = losesUnsynchronized ? "second" : "first"
            let store = try open(after, FaultyFileSystem(.ioError, at: .max, boot: boot))
            try script.check(store, state, replay)
            try script.checkResidue(after, store, replay)
            let again = script.run(store)
            #expect(again.failures == 0, "\(replay): \(again.errors)")
            #expect(try store.recount().isSound, replay)
        }
    }
}
