import Core
import FileFaults
import Foundation
import RecordStore
import TestFolders
import Testing

/// "Fail operation n, for every n" on what a node remembers: records, settings and quarantine.
///
/// The store is opened with a crash in its journal, written, and read, while one operation of SQLite on its files fails.
struct RecordFaultTests {
    /// What the store says.
    private struct Contents: Equatable {
        var records: [RecordKey: StoredRecord] = [:]
        var settings: [String: [UInt8]] = [:]

        init() {}

        init(_ store: RecordStore) throws {
            for record in try store.records() { records[record.key] = record }
            for setting in try store.settings(prefix: "") { settings[setting.name] = setting.value }
        }
    }

    private struct Step: Sendable {
        let isDurable: Bool
        let change: @Sendable (inout Contents) -> Void
        let run: @Sendable (RecordStore) throws -> Void
    }

    /// What the store said, and what of it must outlive what.
    private struct Told {
        /// The contents after each acknowledged step, the first before any.
        var states: [Contents]
        /// Into ``states``: what a power loss may not take back.
        var durable = 0
        /// The contents if the step that failed took effect nevertheless.
        var attempted: Contents?
        var errors: [any Error] = []

        init(_ contents: Contents) { states = [contents] }

        var acknowledged: Contents { states[states.count - 1] }
    }

    private static let large = [UInt8](repeating: 0xA5, count: 60_000)

    private static func apply(put: [StoredRecord], delete: [RecordKey] = []) -> Step {
        Step(isDurable: false) { contents in
            for key in delete { contents.records[key] = nil }
            for record in put where (contents.records[record.key]?.version ?? 0) <= record.version {
                contents.records[record.key] = record
            }
        } run: {
            try $0.apply(put: put, delete: delete)
        }
    }

    private static func set(_ settings: [(name: String, value: [UInt8]?)]) -> Step {
        Step(isDurable: true) { contents in
            for (name, value) in settings { contents.settings[name] = value }
        } run: {
            try $0.set(settings)
        }
    }

    private static let query = Step(isDurable: false) { _ in
    } run: { store in
        _ = try store.records()
        _ = try store.setting("one")
        _ = try store.settings(prefix: "t")
    }

    private static let steps: [Step] = [
        apply(put: (10..<14).map { record($0) }),
        set([("one", [1])]),
        apply(put: [record(10, version: 2, bytes: large), record(20)], delete: [key(11), key(1)]),
        query,
        set([("two", [2]), ("three", large), ("one", nil)]),
        apply(put: [record(12, version: 3)]),
        apply(put: [record(30, bytes: large)], delete: [key(10)]),
        set([("two", [3])]),
        query,
        apply(put: [], delete: [key(20)]),
    ]

    /// A closed store with some contents, whose process crashed on ``crasher``.
    private static func prepare(_ folder: TemporaryFolder) throws -> Contents {
        let store = try folder.open()
        try store.apply(put: (0..<4).map { record($0) }, delete: [])
        try store.set("before", to: [9])
        _ = try #require(store.begin(crasher))
        store.markCrash()
        return try Contents(store)
    }

    private static let crasher = digest(77)

    private static func run(_ store: RecordStore, from contents: Contents, endsAtFailure: Bool) -> Told {
        var told = Told(contents)
        for step in steps {
            var next = told.acknowledged
            step.change(&next)
            do {
                try step.run(store)
                told.states.append(next)
                if step.isDurable { told.durable = told.states.count - 1 }
            } catch {
                told.errors.append(error)
                told.attempted = next
                if endsAtFailure { return told }
            }
        }
        return told
    }

    private static func copy(_ folder: TemporaryFolder, to copy: String) throws {
        try FileManager.default.copyItem(atPath: folder.path, toPath: copy)
        try? FileManager.default.removeItem(atPath: copy + "/records.sqlite-shm")
    }

    private func expectDiskError(_ error: any Error, _ replay: Comment) {
        let code = (error as? RecordStoreError)?.code
        #expect(code == .io || code == .full, "\(replay): \(error)")
    }

    /// It was never taken for damaged, and what crashed the node is refused.
    private func checkKept(_ store: RecordStore, _ replay: Comment) {
        #expect(!store.recoveredFromCorruption, replay)
        #expect(store.begin(Self.crasher) == nil, replay)
    }

    @Test(arguments: [FaultyDatabase.Fault.ioError, .diskFull])
    func operation_failing_changesNothingItDidNotAcknowledge(fault: FaultyDatabase.Fault) throws {
        let base = try TemporaryFolder()
        defer { withExtendedLifetime(base) {} }
        let before = try Self.prepare(base)
        var operation = 0
        var hasFailed = true
        while hasFailed {
            let replay: Comment = "replay: \(fault) at operation \(operation)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let path = folder.path + "/store"
            try Self.copy(base, to: path)
            let disk = FaultyDatabase(path + "/records.sqlite", fault, at: operation, countsReads: fault == .ioError)
            defer { disk.end() }
            var told = Told(before)
            do {
                let store = try RecordStore(folder: path)
                checkKept(store, replay)
                told = Self.run(store, from: before, endsAtFailure: false)
                for error in told.errors { expectDiskError(error, replay) }
                hasFailed = disk.hasFailed
                disk.heal()
                #expect(try Contents(store) == told.acknowledged, replay)
            } catch { expectDiskError(error, replay) }
            let store = try RecordStore(folder: path)
            checkKept(store, replay)
            #expect(try Contents(store) == told.acknowledged, replay)
            #expect(hasFailed || told.errors.isEmpty, replay)
            operation += 1
        }
        #expect(operation > 20)
    }

    /// - Parameter losesUnsynchronized: whether the power goes with the process.
    @Test(arguments: [false, true])
    func operation_crashing_keepsWholeCallsAndWhatIsDurable(losesUnsynchronized: Bool) throws {
        let base = try TemporaryFolder()
        defer { withExtendedLifetime(base) {} }
        let before = try Self.prepare(base)
        var operation = 0
        var hasFailed = true
        while hasFailed {
            let replay: Comment = "replay: crash at operation \(operation), loses: \(losesUnsynchronized)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let (path, after) = (folder.path + "/store", folder.path + "/after")
            try Self.copy(base, to: path)
            let disk = FaultyDatabase(path + "/records.sqlite", .crash, at: operation)
            defer { disk.end() }
            var told = Told(before)
            do {
                let store = try RecordStore(folder: path)
                told = Self.run(store, from: before, endsAtFailure: true)
                hasFailed = disk.hasFailed
                try FileManager.default.copyItem(atPath: path, toPath: after)
                if losesUnsynchronized { try disk.restoreSurvivors(into: after) }
            } catch {
                expectDiskError(error, replay)
                try Self.copySurvivors(path, to: after, disk, losesUnsynchronized)
            }
            try? FileManager.default.removeItem(atPath: after + "/records.sqlite-shm")
            let store = try RecordStore(folder: after)
            checkKept(store, replay)
            let found = try Contents(store)
            let least = losesUnsynchronized ? told.durable : told.states.count - 1
            let allowed = told.states[least...] + (told.attempted.map { [$0] } ?? [])
            #expect(allowed.contains(found), replay)
            #expect(Self.run(store, from: found, endsAtFailure: false).errors.isEmpty, replay)
            operation += 1
        }
        #expect(operation > 20)
    }

    private static func copySurvivors(_ path: String, to after: String, _ disk: FaultyDatabase, _ loses: Bool) throws {
        try FileManager.default.copyItem(atPath: path, toPath: after)
        if loses { try disk.restoreSurvivors(into: after) }
    }
}
