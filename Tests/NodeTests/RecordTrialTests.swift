import Core
import Mesh
import Node
import RecordStore
import TestFolders
import Testing

/// What a node makes of the process that decodes records first, played by shells that do one thing each.
@Suite struct RecordTrialTests {
    private static let records: [(kind: RecordKind, bytes: [UInt8])] = [
        (.node, [1]), (.admission, [2]), (.publication, [3]),
    ]

    private func verdict(
        of command: [String],
        timeout: Duration = .seconds(30),
        on records: [(kind: RecordKind, bytes: [UInt8])] = records
    ) async -> RecordTrial.Verdict {
        await RecordTrial(command: command, timeout: timeout)
            .examine(records, mesh: TestMesh.genesis.mesh, now: wallClock())
    }

    private func shell(_ script: String) -> [String] { ["/bin/sh", "-c", script] }

    @Test func records_allAnswered_pass() async {
        #expect(await verdict(of: shell("printf xxx >&0; cat >/dev/null")) == .decided(crashing: []))
    }

    @Test(arguments: ["SEGV", "ILL", "TRAP", "ABRT", "BUS", "FPE"])
    func record_endingTheProcess_isNamed(signal: String) async {
        let verdict = await verdict(of: shell("printf x >&0; kill -\(signal) $$"), on: Array(Self.records.prefix(2)))
        #expect(verdict == .decided(crashing: [1]))
    }

    @Test func records_eachEndingAProcess_areAllNamed() async {
        #expect(await verdict(of: shell("kill -SEGV $$")) == .decided(crashing: [0, 1, 2]))
    }

    @Test func records_crashingMoreOftenThanAMessageMay_areNotTriedFurther() async {
        let many = (0..<10).map { (kind: RecordKind.node, bytes: [UInt8($0)]) }
        guard case .undecided(let crashing, _) = await verdict(of: shell("kill -SEGV $$"), on: many) else {
            Issue.record("it was decided")
            return
        }
        #expect(crashing == Array(0..<RecordTrial.crashesMax))
    }

    /// Killed for its memory, or by an operator, it was no record's fault.
    @Test(arguments: ["kill -KILL $$", "kill -TERM $$", "exit 0", "exit 1"])
    func process_endingWithoutACrash_blamesNobody(script: String) async {
        guard case .undecided(let crashing, _) = await verdict(of: shell(script)) else {
            Issue.record("it was decided")
            return
        }
        #expect(crashing.isEmpty)
    }

    @Test func process_thatNeverAnswers_isGivenUp() async {
        let verdict = await verdict(of: shell("exec sleep 600"), timeout: .milliseconds(200))
        #expect(verdict == .undecided(crashing: [], reason: "not done within \(Duration.milliseconds(200))"))
    }

    @Test func process_thatCannotBeStarted_isSaid() async {
        guard case .untried = await verdict(of: ["/nonexistent/program"]) else {
            Issue.record("something was started")
            return
        }
    }

    @Test func process_isKeptForTheNextMessage() async throws {
        try await withTemporaryFolder { folder in
            // A second process would find the folder, and end.
            let script = "mkdir '\(folder.path)/once' || exit 1; printf x >&0; sleep 1; printf x >&0; cat >/dev/null"
            let trial = RecordTrial(command: shell(script))
            for _ in 0..<2 {
                let verdict = await trial.examine(
                    Array(Self.records.prefix(1)),
                    mesh: TestMesh.genesis.mesh,
                    now: wallClock()
                )
                #expect(verdict == .decided(crashing: []))
            }
        }
    }

    @Test func quarantine_ofARunningNode_isKeptForTheNext() throws {
        let folder = try TemporaryFolder()
        let digest = Digest(hashing: [1, 2, 3])
        do {
            let store = try RecordStore(folder: folder.path)
            #expect(store.quarantinedCount == 0)
            try store.quarantine([digest])
            #expect(store.quarantinedCount == 1)
            #expect(store.begin(digest) == nil)
        }
        #expect(try RecordStore(folder: folder.path).quarantined == [digest])
    }
}
