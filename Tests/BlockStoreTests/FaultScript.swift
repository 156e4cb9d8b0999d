import BlockStore
import Core
import FileFaults
import Foundation
import TestFolders
import Testing

/// Every operation of the store once, in an order in which each has something to do, with a checker that knows what was
/// acknowledged.
struct FaultScript {
    /// Holds some of the passing DAGs, not all.
    static let cacheBytesMax: Int64 = 650_000

    /// What must hold after the script, whichever step failed.
    struct Acknowledged {
        /// Roots that are pinned for sure, by owner.
        var pinned: [String: CID] = [:]
        /// The step that failed may have taken effect or not.
        var uncertain: Set<String> = []
        var failures = 0
        /// Whether the first failure is the end of the process.
        var endsAtFailure = false
        var errors: [any Error] = []
    }

    private let first: SampleDAG
    private let second: SampleDAG
    private let cached: SampleDAG
    private let passing: [SampleDAG]
    /// A folder on disk, and the root that it has.
    private let source: TemporaryFolder
    private let sourceRoot: CID

    init() throws {
        first = try SampleDAG(files: [1, 2, 3], leavesPerFile: 8)
        second = try SampleDAG(files: [1, 2, 4], leavesPerFile: 8)
        cached = try SampleDAG(files: [5], leavesPerFile: 2, leafBytes: 300_000)
        passing = try (6...8).map { try SampleDAG(files: [UInt64($0)], leavesPerFile: 2, leafBytes: 150_000) }
        source = try TemporaryFolder()
        try source.write("a.txt", Array(repeating: 7, count: 3_000))
        try source.write("b/c.txt", Array("a small one".utf8))
        sourceRoot = try rootOfFolder(source.path).root
    }

    private var all: [SampleDAG] { [first, second, cached] + passing }

    // MARK: - The steps

    func run(_ store: BlockStore, endsAtFailure: Bool = false) -> Acknowledged {
        var state = Acknowledged(endsAtFailure: endsAtFailure)
        importAndPin(store, &state)
        archive(store, &state)
        folder(store, &state)
        release(store, &state)
        return state
    }

    private func step(
        _ name: String,
        _ state: inout Acknowledged,
        _ change: (inout Acknowledged) -> Void = { _ in },
        _ body: () throws -> Void
    ) {
        guard !state.endsAtFailure || state.failures == 0 else { return }
        do {
            try body()
            change(&state)
        } catch {
            state.failures += 1
            state.uncertain.insert(name)
            state.errors.append(error)
        }
    }

    private func importAndPin(_ store: BlockStore, _ state: inout Acknowledged) {
        step("first", &state, { $0.pinned["first"] = first.root }) { try store.take(first, owner: "first") }
        step("cached", &state) { try store.take(cached, .cache, owner: nil) }
        step("second", &state, { $0.pinned["second"] = second.root }) { try store.take(second, owner: "second") }
        step("read", &state) { for block in cached.blocks { _ = try store.read(block.cid) } }
        step("cached", &state, { $0.pinned["cached"] = cached.root }) {
            try store.pin(Pin(root: cached.root, owner: "cached"))
        }
        step("queries", &state) {
            _ = try store.contains(second.leaves.map(\.cid))
            _ = try store.contains(second.root)
            _ = try store.length(of: second.root)
            _ = try store.isPinned(second.root)
            _ = try store.pins(ofOwner: "second")
            _ = try store.withdrawn(max: 10)
            _ = try store.state(ofDAG: second.root, missingMax: 10)
        }
        step("abort", &state) {
            let session = try store.beginImport(.pinned, at: now)
            defer { session.abort() }
            for block in passing[0].blocks { try session.append(block) }
        }
    }

    private func archive(_ store: BlockStore, _ state: inout Acknowledged) {
        var archive: [UInt8] = []
        step("export", &state) { try store.exportCAR(root: second.root) { archive += $0 } }
        guard !archive.isEmpty, state.failures == 0 else { return }
        step("archive", &state, { $0.pinned["archive"] = second.root }) {
            var rest: [UInt8]? = archive
            _ = try store.importCAR(owner: "archive", at: now) {
                defer { rest = nil }
                return rest
            }
        }
    }

    private func folder(_ store: BlockStore, _ state: inout Acknowledged) {
        for owner in ["folder", "again"] {
            step(owner, &state, { $0.pinned[owner] = sourceRoot }) {
                _ = try store.importFolder(source.path, owner: owner, at: now)
            }
        }
        step("verify", &state) { _ = try store.verify(from: .start, bytesMax: .max) }
        step("recount", &state) { _ = try store.recount() }
    }

    private func release(_ store: BlockStore, _ state: inout Acknowledged) {
        step("first", &state, { $0.pinned["first"] = nil }) {
            try store.unpin(Pin(root: first.root, owner: "first"))
        }
        step("again", &state, { $0.pinned["again"] = nil }) {
            try store.unpin(Pin(root: sourceRoot, owner: "again"))
        }
        step("collect", &state) { try store.collect(at: now) }
        for dag in passing { step("passing", &state) { try store.take(dag, .cache, owner: nil) } }
        step("collect", &state) { try store.collect(at: now + .seconds(60)) }
        step("extents", &state) { _ = try store.extents(of: second.leaves.map(\.cid)) }
    }

    // MARK: - The checker

    /// What was acknowledged is there, what is pinned is whole, and nothing reads otherwise than it was written.
    func check(_ store: BlockStore, _ state: Acknowledged, _ replay: Comment) throws {
        #expect(try store.recount().isSound, replay)
        let pins = try store.pins()
        for (owner, root) in state.pinned where !state.uncertain.contains(owner) {
            #expect(pins.contains { $0.owner == owner && $0.root == root }, "\(replay): the pin of \(owner)")
        }
        for pin in pins { try checkWhole(pin.root, in: store, replay) }
        for block in all.flatMap(\.blocks) {
            if let bytes = try store.array(block.cid) { #expect(bytes == block.bytes, replay) }
        }
        #expect(store.counters.withdrawn == 0, replay)
    }

    private func checkWhole(_ root: CID, in store: BlockStore, _ replay: Comment) throws {
        if let dag = all.first(where: { $0.root == root }) { return try expectWhole(dag, in: store, replay) }
        #expect(root == sourceRoot, replay)
        // Reading verifies each block.
        try store.exportCAR(root: root) { _ in }
    }

    /// Nothing on disk but what the index knows.
    func checkResidue(_ folder: String, _ store: BlockStore, _ replay: Comment) throws {
        try store.collect(at: now)
        let files = try store.volumeLengths()
        let found = try FileManager.default.contentsOfDirectory(atPath: folder + "/volumes").sorted()
        #expect(found == files.keys.sorted(), replay)
        for (name, length) in files {
            // A power loss may have taken an end that was only cached.
            #expect(try TemporaryFolder.size(folder + "/volumes/" + name) <= length, replay)
        }
    }
}
