import Control
import Core
import FileFaults
import Foundation
import NIOCore
import NIOPosix
import Node
import Settings
import TestFolders
import Testing

/// "Fail operation n, for every n" over what names are kept in: the journal of segments and this device's roots.
///
/// A whole node with its real stores stores, replaces and removes while one writing operation of its database fails;
/// then it is started anew from what the disk holds.
@Suite(.timeLimit(.minutes(4)))
struct NamespaceFaultTests {
    private static let names = ["kept", "large", "replaced", "small"]
    /// Large enough that one segment nobody needs is seen in the space that pieces take.
    private static let kept = sample(1, bytes: 100)
    private static let first = sample(2, bytes: 500_000)
    private static let second = sample(3, bytes: 600_000)
    private static let large = sample(4, bytes: 700_000)
    private static let residueBytesMax = 300_000

    /// What each name may say after the fault: one thing when it was acknowledged last, else old or new.
    private struct Told {
        var allowed: [String: [[UInt8]?]] = [:]
        /// Whether the first failure is the end of the process.
        var endsAtFailure = false
        var failures = 0

        mutating func step(_ name: String, _ bytes: [UInt8]?, _ body: () async throws -> Void) async {
            guard !endsAtFailure || failures == 0 else { return }
            do {
                try await body()
                allowed[name] = [bytes]
            } catch {
                failures += 1
                allowed[name] = (allowed[name] ?? [nil]) + [bytes]
            }
        }
    }

    private static func sample(_ seed: UInt64, bytes count: Int) -> [UInt8] {
        var rng = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
    }

    // MARK: - A node

    private static func withNode<Value: Sendable>(
        _ folder: String,
        _ body: @Sendable (NodeParts, any ObjectControl) async throws -> Value
    ) async throws -> Value {
        let flags: [Setting: [String]] = [
            .data: [folder], .listen: ["127.0.0.1:0"], .gateway: ["127.0.0.1:0"], .control: ["127.0.0.1:0"],
            .storage: ["64MB"], .cache: ["1MB"],
        ]
        let settings = try SettingsResolver(flags: flags, environment: [:], workingFolder: "/").resolve(file: nil)
        let parts = try await NodeParts(settings.configuration, group: .singleton, logger: quiet)
        let result: Result<Value, any Error>
        do {
            try parts.remember()
            let value = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await parts.storeSegments() }
                defer { group.cancelAll() }
                return try await body(parts, parts.control(logger: quiet))
            }
            result = .success(value)
        } catch { result = .failure(error) }
        await parts.close()
        return try result.get()
    }

    private static func put(_ bytes: [UInt8], as name: String, _ control: any ObjectControl) async throws {
        let (chunks, input) = AsyncThrowingStream<ByteBuffer, any Error>.makeStream()
        input.yield(ByteBuffer(bytes: bytes))
        input.finish()
        _ = try await control.put(PutRequest(name: name), content: chunks, progress: { _ in })
    }

    private static func read(_ name: String, _ control: any ObjectControl) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in try await control.content(of: name).chunks { bytes += chunk.readableBytesView }
        return bytes
    }

    // MARK: - Before, the fault, and after

    private static func prepare(_ folder: String) async throws {
        try await withNode(folder) { parts, control in
            try parts.saveMesh()
            try await put(kept, as: "kept", control)
            try await put(first, as: "replaced", control)
        }
    }

    private static func script(_ control: any ObjectControl, crashes: Bool) async -> Told {
        var told = Told(allowed: ["kept": [kept], "replaced": [first]], endsAtFailure: crashes)
        await told.step("large", large) { try await put(large, as: "large", control) }
        await told.step("replaced", second) { try await put(second, as: "replaced", control) }
        await told.step("large", nil) { _ = try await control.remove("large", recursive: false) }
        await told.step("small", [1, 2, 3]) { try await put([1, 2, 3], as: "small", control) }
        return told
    }

    private static func copy(_ folder: String, to copy: String) throws {
        try FileManager.default.copyItem(atPath: folder, toPath: copy)
        // Of a process that is gone.
        for name in ["/mesh/records.sqlite", "/pieces/index.sqlite", "/blocks/index.sqlite"] {
            try? FileManager.default.removeItem(atPath: copy + name + "-shm")
        }
    }

    private static func check(_ folder: String, _ told: Told, _ replay: Comment) async throws {
        try await withNode(folder) { parts, control in
            try await checkNames(control, told, replay)
            // It goes on, and nothing of what was cut off takes space.
            try await put([4, 5], as: "later", control)
            #expect(try await read("later", control) == [4, 5], replay)
            for entry in try await control.list(prefix: "") where entry.name != "kept" {
                _ = try await control.remove(entry.name, recursive: false)
            }
            #expect(try await read("kept", control) == kept, replay)
            try await parts.tidy()
            let left = parts.pieceBytes
            #expect(left < residueBytesMax, replay)
        }
    }

    private static func checkNames(_ control: any ObjectControl, _ told: Told, _ replay: Comment) async throws {
        let listed = Set(try await control.list(prefix: "").map(\.name))
        #expect(listed.isSubset(of: names), replay)
        for name in names {
            let allowed = told.allowed[name] ?? [nil]
            let found = listed.contains(name) ? try await read(name, control) : nil
            let isAllowed = allowed.contains(found)
            #expect(isAllowed, "\(replay): \(name) has \(found?.count ?? -1) bytes")
        }
    }

    /// - Returns: How many operations the script takes.
    ///
    /// - Parameter goesOn: Whether the process lives on, with a database that cannot be written any more.
    private func sweep(
        _ fault: FaultyDatabase.Fault,
        losesUnsynchronized: Bool = false,
        goesOn: Bool = false
    ) async throws -> Int {
        let base = try TemporaryFolder()
        defer { withExtendedLifetime(base) {} }
        try await Self.prepare(base.path + "/base")
        var operation = 0
        while true {
            let replay: Comment = "replay: \(fault) at operation \(operation), loses: \(losesUnsynchronized)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let (run, after) = (folder.path + "/run", folder.path + "/after")
            try Self.copy(base.path + "/base", to: run)
            let disk = FaultyDatabase(run + "/mesh/records.sqlite", fault, at: operation)
            defer { disk.end() }
            var told = Told(allowed: ["kept": [Self.kept], "replaced": [Self.first]])
            do {
                told = try await Self.withNode(run) { _, control in
                    let told = await Self.script(control, crashes: fault == .crash && !goesOn)
                    try Self.copy(run, to: after)
                    return told
                }
            } catch {
                // The node did not start.
                try? FileManager.default.removeItem(atPath: after)
                try Self.copy(run, to: after)
            }
            if losesUnsynchronized { try disk.restoreSurvivors(into: after + "/mesh") }
            try await Self.check(after, told, replay)
            guard disk.hasFailed else {
                #expect(told.failures == 0, replay)
                return operation
            }
            operation += 1
        }
    }

    @Test(arguments: [FaultyDatabase.Fault.ioError, .diskFull])
    func operation_failing_losesNoName(fault: FaultyDatabase.Fault) async throws {
        #expect(try await sweep(fault) > 20)
    }

    @Test func operation_failingForGood_losesNoName() async throws {
        #expect(try await sweep(.crash, goesOn: true) > 20)
    }

    @Test(arguments: [false, true])
    func operation_crashing_losesNoName(losesUnsynchronized: Bool) async throws {
        #expect(try await sweep(.crash, losesUnsynchronized: losesUnsynchronized) > 20)
    }
}
