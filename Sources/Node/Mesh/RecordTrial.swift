import Core
import Glibc
import Mesh
import NIOPosix
import Synchronization

/// Lets a process that may crash decode the records of peers before this one does.
///
/// Started with the first record, ended when there was none for a while.
package final class RecordTrial: Sendable {
    /// What became of records.
    package enum Verdict: Hashable, Sendable {
        /// All were looked at; those at these indices ended the process that did.
        case decided(crashing: [Int])
        /// The process did not get through; those at these indices had ended one by then.
        case undecided(crashing: [Int], reason: String)
        /// Nobody waits for it any more: the node stops.
        case stopped
        /// No process could be started.
        case untried(reason: String)
    }

    /// Arguments with which the program runs ``TrialLoop`` and nothing else.
    package static let arguments = ["decode-records"]
    /// This very program: what another build can decode says nothing.
    package static let command = ["/proc/self/exe"] + arguments
    /// Messages that wait for their trial: of all peers, of one, and of all together that are no members; more are not
    /// tried.
    package static let waitingMax = 64
    package static let peerWaitingMax = 16
    package static let strangersWaitingMax = 32
    /// How long a peer is not heard whose message crashed or stalled a process, and how many such are remembered.
    package static let pauseTime = Duration.seconds(10)
    static let pausedMax = 256
    /// How long the records of one message may take.
    package static let timeout = Duration.seconds(2)
    /// Records of one message that may crash processes, two each, which costs the start of two more.
    package static let crashesMax = 4
    /// How long a process waits for records before it is ended, and how often that is looked for.
    static let idleMax = Duration.seconds(30)
    static let idlePeriod = Duration.seconds(10)
    /// What a process gets for a fault of its own.
    private static let crashSignals: Set<CInt> = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT]

    private struct State {
        var process: TrialProcess?
        var lastUse = ContinuousClock.now
    }

    /// Whose messages wait, and whose may not.
    private struct Queue {
        private var count = 0
        private var strangers = 0
        private var perPeer: [NodeID: Int] = [:]
        /// Until when they are not heard; the latest is last.
        private var paused: [(peer: NodeID, until: ContinuousClock.Instant)] = []

        /// Lets a message wait.
        ///
        /// - Returns: Why it may not; `nil` when it does, until ``leave(_:isMember:)``.
        mutating func enter(_ peer: NodeID, isMember: Bool) -> String? {
            if let reason = refusal(of: peer) { return reason }
            let own = perPeer[peer] ?? 0
            guard own < RecordTrial.peerWaitingMax else { return "\(own) messages of this peer wait already" }
            guard isMember || strangers < RecordTrial.strangersWaitingMax else {
                return "\(strangers) messages of strangers wait already"
            }
            guard count < RecordTrial.waitingMax else { return "\(count) messages wait already" }
            count += 1
            strangers += isMember ? 0 : 1
            perPeer[peer] = own + 1
            return nil
        }

        mutating func leave(_ peer: NodeID, isMember: Bool) {
            count -= 1
            strangers -= isMember ? 0 : 1
            let own = (perPeer[peer] ?? 1) - 1
            perPeer[peer] = own == 0 ? nil : own
        }

        /// Why this peer is not heard for now.
        mutating func refusal(of peer: NodeID) -> String? {
            let now = ContinuousClock.now
            paused.removeAll { $0.until <= now }
            return paused.contains { $0.peer == peer } ? "this peer's last message crashed or stalled a process" : nil
        }

        mutating func pause(_ peer: NodeID, for time: Duration) {
            paused.removeAll { $0.peer == peer }
            if paused.count >= RecordTrial.pausedMax { paused.removeFirst() }
            paused.append((peer, ContinuousClock.now + time))
        }
    }

    private let command: [String]
    private let timeout: Duration
    private let pauseTime: Duration
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let state = Mutex(State())
    private let queue = Mutex(Queue())
    private let crashes = Atomic<Int>(0)
    private let undecided = Atomic<Int>(0)
    private let untried = Atomic<Int>(0)

    package init(
        command: [String] = RecordTrial.command,
        timeout: Duration = RecordTrial.timeout,
        pauseTime: Duration = RecordTrial.pauseTime
    ) {
        self.command = command
        self.timeout = timeout
        self.pauseTime = pauseTime
        pool.start()
    }

    /// Records that ended a process.
    var crashCount: Int { crashes.load(ordering: .relaxed) }
    /// Messages that were dropped because their records could not be tried in time.
    var undecidedCount: Int { undecided.load(ordering: .relaxed) }
    /// Messages whose records were processed untried.
    var untriedCount: Int { untried.load(ordering: .relaxed) }

    /// Has records decoded elsewhere, in their order.
    ///
    /// - Parameters:
    ///   - peer: Who sent them.
    ///   - isMember: Whether that is a node of the mesh.
    ///   - now: The mesh's time.
    package func examine(
        _ records: [(kind: RecordKind, bytes: [UInt8])],
        from peer: NodeID,
        isMember: Bool,
        mesh: CID,
        now: Instant
    ) async -> Verdict {
        if let reason = queue.withLock({ $0.enter(peer, isMember: isMember) }) {
            let verdict = Verdict.undecided(crashing: [], reason: reason)
            count(verdict)
            return verdict
        }
        defer { queue.withLock { $0.leave(peer, isMember: isMember) } }
        let verdict: Verdict
        do {
            verdict = try await pool.runIfActive { self.decode(records, from: peer, mesh: mesh, now: now) }
        } catch {
            // The task was cancelled, or the pool is shut down.
            verdict = .stopped
        }
        count(verdict)
        return verdict
    }

    private func count(_ verdict: Verdict) {
        switch verdict {
        case .decided(let crashing): crashes.add(crashing.count, ordering: .relaxed)
        case .undecided(let crashing, _):
            crashes.add(crashing.count, ordering: .relaxed)
            undecided.add(1, ordering: .relaxed)
        case .untried: untried.add(1, ordering: .relaxed)
        case .stopped: break
        }
    }

    private func decode(
        _ records: [(kind: RecordKind, bytes: [UInt8])],
        from peer: NodeID,
        mesh: CID,
        now: Instant
    ) -> Verdict {
        // It may have been heard when this message came.
        if let reason = queue.withLock({ $0.refusal(of: peer) }) { return .undecided(crashing: [], reason: reason) }
        return state.withLock { state in
            defer { state.lastUse = .now }
            let deadline = ContinuousClock.now + timeout
            var crashing: [Int] = []
            // With which record the last process crashed: it is blamed when the next one, which got nothing else, does.
            var suspect: Int?
            var (crashes, next) = (0, 0)
            while next < records.count {
                let isReused = state.process != nil
                let process: TrialProcess
                do throws(TrialError) {
                    if let running = state.process { process = running } else { process = try TrialProcess(command) }
                } catch {
                    guard crashes == 0 else { return .undecided(crashing: crashing, reason: error.description) }
                    return .untried(reason: error.description)
                }
                state.process = nil
                let request = TrialRequest(mesh: mesh, now: now, records: Array(records[next...]))
                switch process.exchange(request.encoded, count: records.count - next, deadline: deadline) {
                case .answered:
                    state.process = process
                    return .decided(crashing: crashing)
                case .late:
                    pause(peer)
                    return .undecided(crashing: crashing, reason: "not done within \(timeout)")
                case .ended(let answers, let signal):
                    next += answers
                    // One that was killed, or that ended by itself, says nothing about a record.
                    guard let signal, Self.crashSignals.contains(signal) else {
                        // Nor about this message, where it was gone before.
                        if isReused, answers == 0 { continue }
                        return .undecided(crashing: crashing, reason: "the process ended without a crash")
                    }
                    pause(peer)
                    crashes += 1
                    if suspect == next {
                        crashing.append(next)
                        next += 1
                    } else {
                        suspect = next
                    }
                    guard crashes < 2 * Self.crashesMax || next == records.count else {
                        return .undecided(crashing: crashing, reason: "more crashes than one message may cause")
                    }
                }
            }
            return .decided(crashing: crashing)
        }
    }

    private func pause(_ peer: NodeID) {
        queue.withLock { $0.pause(peer, for: pauseTime) }
    }

    /// Ends the process whenever there was no record for a while, and in the end, until the task is cancelled.
    func run() async {
        while (try? await Task.sleep(for: Self.idlePeriod)) != nil {
            // Where an exchange holds the state for seconds, the pool's thread waits and not a thread of tasks.
            try? await pool.runIfActive { self.endIdleProcess() }
        }
        // A cancelled task gets nothing done by the pool; once that is shut down nobody holds the state.
        try? await pool.shutdownGracefully()
        state.withLock { $0.process = nil }
    }

    private func endIdleProcess() {
        state.withLock { if .now - $0.lastUse > Self.idleMax { $0.process = nil } }
    }
}
