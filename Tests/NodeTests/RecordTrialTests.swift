import Core
import Glibc
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

    private static let peers = (0..<40).map { signingKey(2_001 + $0, as: NodeRole.self).id }

    private static func examine(
        by trial: RecordTrial,
        on records: [(kind: RecordKind, bytes: [UInt8])],
        from peer: NodeID = peers[0],
        isMember: Bool = true
    ) async -> RecordTrial.Verdict {
        await trial.examine(
            records,
            from: peer,
            isMember: isMember,
            mesh: TestMesh.genesis.mesh,
            now: wallClock()
        )
    }

    private func verdict(
        of command: [String],
        timeout: Duration = .seconds(30),
        on records: [(kind: RecordKind, bytes: [UInt8])] = records
    ) async -> RecordTrial.Verdict {
        await Self.examine(by: RecordTrial(command: command, timeout: timeout), on: records)
    }

    private func shell(_ script: String) -> [String] { ["/bin/sh", "-c", script] }

    @Test func records_allAnswered_pass() async {
        #expect(await verdict(of: shell("printf xxx >&0; cat >/dev/null")) == .decided(crashing: []))
    }

    @Test(arguments: ["SEGV", "ILL", "TRAP", "ABRT", "BUS", "FPE"])
    func record_endingTwoProcesses_isNamed(signal: String) async throws {
        try await withTemporaryFolder { folder in
            // The first process answers one record, the second is asked about the other alone.
            let script = "mkdir '\(folder.path)/once' 2>/dev/null && printf x >&0; kill -\(signal) $$"
            let verdict = await self.verdict(of: shell(script), on: Array(Self.records.prefix(2)))
            #expect(verdict == .decided(crashing: [1]))
        }
    }

    /// What it could not read, or get memory for, was no record's fault.
    @Test(arguments: ["", "printf x >&0; "])
    func record_endingOneProcessButNotTheNext_isNotBlamed(before: String) async throws {
        try await withTemporaryFolder { folder in
            let crash = "if mkdir '\(folder.path)/once' 2>/dev/null; then \(before)kill -BUS $$; fi"
            let left = before.isEmpty ? "xxx" : "xx"
            let verdict = await self.verdict(of: shell("\(crash); printf \(left) >&0; cat >/dev/null"))
            #expect(verdict == .decided(crashing: []))
        }
    }

    @Test func records_eachEndingItsProcesses_areAllNamed() async {
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
                let verdict = await Self.examine(by: trial, on: Array(Self.records.prefix(1)))
                #expect(verdict == .decided(crashing: []))
            }
        }
    }

    @Test(arguments: ["exit 0", "kill -KILL $$"])
    func process_goneBetweenMessages_isReplaced(end: String) async throws {
        try await withTemporaryFolder { folder in
            let gone = "if mkdir '\(folder.path)/once' 2>/dev/null; then printf x >&0; \(end); fi"
            let trial = RecordTrial(
                command: shell("\(gone); printf x >&0; cat >/dev/null"),
                timeout: .seconds(30)
            )
            for _ in 0..<2 {
                let verdict = await Self.examine(by: trial, on: Array(Self.records.prefix(1)))
                #expect(verdict == .decided(crashing: []))
            }
        }
    }

    @Test func peer_whoseRecordCrashed_isNotHeardForAWhile() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path
            let crash = "if mkdir '\(path)/a' 2>/dev/null || mkdir '\(path)/b' 2>/dev/null; then kill -SEGV $$; fi"
            let trial = RecordTrial(
                command: shell("\(crash); printf x >&0; cat >/dev/null"),
                timeout: .seconds(30),
                pauseTime: .seconds(3_600)
            )
            let one = Array(Self.records.prefix(1))
            #expect(await Self.examine(by: trial, on: one) == .decided(crashing: [0]))
            guard case .undecided(let crashing, _) = await Self.examine(by: trial, on: one) else {
                Issue.record("it was decided")
                return
            }
            #expect(crashing.isEmpty)
            #expect(await Self.examine(by: trial, on: one, from: Self.peers[1]) == .decided(crashing: []))
        }
    }

    @Test func messages_ofOnePeer_takeFewPlaces() async throws {
        let senders = [Self.peers[1]] + Array(repeating: Self.peers[0], count: RecordTrial.peerWaitingMax + 1)
        #expect(try await refusals(of: senders, isMember: true, expected: 1) == 1)
    }

    @Test func messages_ofStrangers_takeFewPlaces() async throws {
        let more = Self.peers.count - RecordTrial.strangersWaitingMax
        #expect(try await refusals(of: Self.peers, isMember: false, expected: more) == more)
        #expect(try await refusals(of: Self.peers, isMember: true, expected: 0) == 0)
    }

    /// How many of the messages that these peers send at once may not wait.
    ///
    /// - Parameter expected: After so many verdicts the process ends; until then it does nothing.
    private func refusals(of peers: [NodeID], isMember: Bool, expected: Int) async throws -> Int {
        try await withTemporaryFolder { folder in
            let script = "while [ ! -e '\(folder.path)/go' ]; do sleep 0.05; done"
            let trial = RecordTrial(command: shell(script), timeout: .seconds(30))
            return await withTaskGroup(of: RecordTrial.Verdict.self) { group in
                for peer in peers {
                    group.addTask {
                        await Self.examine(by: trial, on: Self.records, from: peer, isMember: isMember)
                    }
                }
                var verdicts: [RecordTrial.Verdict] = []
                while verdicts.count < expected, let verdict = await group.next() { verdicts.append(verdict) }
                mkdir(folder.path + "/go", 0o700)
                for await verdict in group { verdicts.append(verdict) }
                return verdicts.count { verdict in
                    guard case .undecided(_, let reason) = verdict else { return false }
                    return reason.hasSuffix("wait already")
                }
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
