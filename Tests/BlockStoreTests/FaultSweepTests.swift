import BlockStore
import Core
import FileFaults
import Foundation
import TestFolders
import Testing

/// "Fail operation n, for every n": a script of imports, pins and deletions in which one operation fails.
struct FaultSweepTests {
    /// Holds some of the passing DAGs, not all.
    private static let cacheBytesMax: Int64 = 650_000

    /// What must hold after the script, whichever step failed.
    private struct Acknowledged {
        /// Pins that are there for sure.
        var pinned: [String: SampleDAG] = [:]
        /// The step that failed may have taken effect or not.
        var uncertain: Set<String> = []
        var failures = 0
    }

    private struct Dags {
        let first: SampleDAG
        let second: SampleDAG
        let cached: SampleDAG
        let passing: [SampleDAG]

        init() throws {
            first = try SampleDAG(files: [1, 2, 3], leavesPerFile: 8)
            second = try SampleDAG(files: [1, 2, 4], leavesPerFile: 8)
            cached = try SampleDAG(files: [5], leavesPerFile: 2, leafBytes: 300_000)
            passing = try (6...8).map { try SampleDAG(files: [UInt64($0)], leavesPerFile: 2, leafBytes: 150_000) }
        }

        var all: [SampleDAG] { [first, second, cached] + passing }
    }

    private func run(_ store: BlockStore, _ dags: Dags) -> Acknowledged {
        var state = Acknowledged()
        func step(_ name: String, _ change: (inout Acknowledged) -> Void, _ body: () throws -> Void) {
            do {
                try body()
                change(&state)
            } catch {
                state.failures += 1
                state.uncertain.insert(name)
            }
        }
        step("first", { $0.pinned["first"] = dags.first }) { try store.take(dags.first, owner: "first") }
        step("cached", { _ in }) { try store.take(dags.cached, .cache, owner: nil) }
        step("second", { $0.pinned["second"] = dags.second }) { try store.take(dags.second, owner: "second") }
        step("read", { _ in }) { for block in dags.cached.blocks { _ = try store.read(block.cid) } }
        step("cached", { $0.pinned["cached"] = dags.cached }) {
            try store.pin(Pin(root: dags.cached.root, owner: "cached"))
        }
        step("first", { $0.pinned["first"] = nil }) { try store.unpin(Pin(root: dags.first.root, owner: "first")) }
        step("collect", { _ in }) { try store.collect(at: now) }
        for dag in dags.passing { step("passing", { _ in }) { try store.take(dag, .cache, owner: nil) } }
        step("collect", { _ in }) { try store.collect(at: now + .seconds(60)) }
        step("extents", { _ in }) { _ = try store.extents(of: dags.second.leaves.map(\.cid)) }
        return state
    }

    private func check(_ store: BlockStore, _ state: Acknowledged, _ dags: Dags, _ replay: Comment) throws {
        #expect(try store.recount().isSound, replay)
        for (name, dag) in state.pinned where !(name == "first" && state.uncertain.contains("first")) {
            #expect(try store.pins().contains { $0.owner == name && $0.root == dag.root }, replay)
            try expectWhole(dag, in: store, replay)
        }
        for pin in try store.pins() {
            let dag = try #require(dags.all.first { $0.root == pin.root }, replay)
            try expectWhole(dag, in: store, replay)
        }
        for block in dags.all.flatMap(\.blocks) {
            if let bytes = try store.array(block.cid) { #expect(bytes == block.bytes, replay) }
        }
        #expect(store.counters.withdrawn == 0, replay)
    }

    /// Nothing on disk but what the index knows.
    private func checkResidue(_ folder: String, _ store: BlockStore, _ replay: Comment) throws {
        try store.collect(at: now)
        let files = try store.volumeLengths()
        let found = try FileManager.default.contentsOfDirectory(atPath: folder + "/volumes").sorted()
        #expect(found == files.keys.sorted(), replay)
        for (name, length) in files {
            // A power loss may have taken an end that was only cached.
            #expect(try TemporaryFolder.size(folder + "/volumes/" + name) <= length, replay)
        }
    }

    /// How many operations the script has when nothing fails.
    private func operations(_ dags: Dags) throws -> Int {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let fileSystem = FaultyFileSystem(.ioError, at: .max)
        let path = folder.path + "/blocks"
        let store = try BlockStore(configuration(path, cache: Self.cacheBytesMax, fileSystem: fileSystem))
        #expect(run(store, dags).failures == 0)
        #expect(store.counters.evicted > 0 && store.counters.collected > 0)
        return fileSystem.count
    }

    @Test(arguments: [FaultyFileSystem.Fault.ioError, .diskFull, .shortWrite])
    func operation_failing_losesNothingAcknowledged(fault: FaultyFileSystem.Fault) throws {
        let dags = try Dags()
        let total = try operations(dags)
        #expect(total > 20)
        for operation in 0..<total {
            let replay: Comment = "replay: \(fault) at operation \(operation)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let path = folder.path + "/blocks"
            let fileSystem = FaultyFileSystem(fault, at: operation)
            var state = Acknowledged()
            do {
                let store = try BlockStore(configuration(path, cache: Self.cacheBytesMax, fileSystem: fileSystem))
                state = run(store, dags)
                try check(store, state, dags, replay)
                if fault == .shortWrite { #expect(state.failures == 0, replay) }
            } catch let error as BlockStoreError {
                #expect(error.code == .ioFailed || error.code == .diskFull, replay)
            }
            let store = try BlockStore(configuration(path, cache: Self.cacheBytesMax))
            try check(store, state, dags, replay)
            try checkResidue(path, store, replay)
        }
    }

    @Test func operation_crashing_losesNothingAcknowledged() throws {
        let dags = try Dags()
        let total = try operations(dags)
        for operation in 0..<total {
            let replay: Comment = "replay: crash at operation \(operation)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let path = folder.path + "/blocks"
            let fileSystem = FaultyFileSystem(.crash, at: operation)
            var state = Acknowledged()
            let crashed = try? BlockStore(configuration(path, cache: Self.cacheBytesMax, fileSystem: fileSystem))
            if let crashed { state = run(crashed, dags) }
            try fileSystem.surviving(of: path, into: folder.path + "/after")
            withExtendedLifetime(crashed) {}
            // The machine started anew: what was cached and not synchronized is forgotten, the rest is right.
            let restarted = FaultyFileSystem(.ioError, at: .max, boot: "second")
            let after = folder.path + "/after"
            let store = try BlockStore(configuration(after, cache: Self.cacheBytesMax, fileSystem: restarted))
            try check(store, state, dags, replay)
            try checkResidue(after, store, replay)
            #expect(run(store, dags).failures == 0, replay)
            #expect(try store.recount().isSound, replay)
        }
    }
}
