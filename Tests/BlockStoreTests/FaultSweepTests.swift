import BlockStore
import Core
import FileFaults
import Files
import Foundation
import TestFolders
import Testing

/// "Fail operation n, for every n" on the volumes: a script of all operations in which one of the file system fails.
struct FaultSweepTests {
    /// How many operations the script has when nothing fails.
    private func operations(_ script: FaultScript) throws -> Int {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let fileSystem = FaultyFileSystem(.ioError, at: .max)
        let path = folder.path + "/blocks"
        let store = try open(path, fileSystem)
        let state = script.run(store)
        #expect(state.failures == 0, "\(state.errors)")
        #expect(store.counters.evicted > 0 && store.counters.collected > 0)
        return fileSystem.count
    }

    private func open(_ path: String, _ fileSystem: any FileSystem) throws -> BlockStore {
        try BlockStore(configuration(path, cache: FaultScript.cacheBytesMax, fileSystem: fileSystem))
    }

    @Test(arguments: [FaultyFileSystem.Fault.ioError, .diskFull, .shortWrite])
    func operation_failing_losesNothingAcknowledged(fault: FaultyFileSystem.Fault) throws {
        let script = try FaultScript()
        let total = try operations(script)
        #expect(total > 20)
        for operation in 0..<total {
            let replay: Comment = "replay: \(fault) at operation \(operation)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let path = folder.path + "/blocks"
            let fileSystem = FaultyFileSystem(fault, at: operation)
            var state = FaultScript.Acknowledged()
            do {
                let store = try open(path, fileSystem)
                state = script.run(store)
                try script.check(store, state, replay)
                if fault == .shortWrite { #expect(state.failures == 0, replay) }
            } catch let error as BlockStoreError {
                #expect(error.code == .ioFailed || error.code == .diskFull, replay)
            }
            let store = try open(path, SystemFileSystem())
            try script.check(store, state, replay)
            try script.checkResidue(path, store, replay)
        }
    }

    @Test func operation_crashing_losesNothingAcknowledged() throws {
        let script = try FaultScript()
        let total = try operations(script)
        for operation in 0..<total {
            let replay: Comment = "replay: crash at operation \(operation)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let path = folder.path + "/blocks"
            let fileSystem = FaultyFileSystem(.crash, at: operation)
            var state = FaultScript.Acknowledged()
            let crashed = try? open(path, fileSystem)
            if let crashed { state = script.run(crashed) }
            try fileSystem.surviving(of: path, into: folder.path + "/after")
            withExtendedLifetime(crashed) {}
            // The machine started anew: what was cached and not synchronized is forgotten, the rest is right.
            let restarted = FaultyFileSystem(.ioError, at: .max, boot: "second")
            let after = folder.path + "/after"
            let store = try open(after, restarted)
            try script.check(store, state, replay)
            try script.checkResidue(after, store, replay)
            #expect(script.run(store).failures == 0, replay)
            #expect(try store.recount().isSound, replay)
        }
    }
}
