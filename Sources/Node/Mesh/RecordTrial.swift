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
        /// No process could be started.
        case untried(reason: String)
    }

    /// Arguments with which the program runs ``TrialLoop`` and nothing else.
    package static let arguments = ["decode-records"]
    /// This very program: what another build can decode says nothing.
    package static let command = ["/proc/self/exe"] + arguments
    /// Messages that wait for their trial; more are not tried.
    static let waitingMax = 64
    /// How long the records of one message may take.
    package static let timeout = Duration.seconds(2)
    /// Records of one message that may end a process; each costs the start of another.
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

    private let command: [String]
    private let timeout: Duration
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let state = Mutex(State())
    private let waiting = Atomic<Int>(0)
    private let crashes = Atomic<Int>(0)
    private let undecided = Atomic<Int>(0)
    private let untried = Atomic<Int>(0)

    package init(command: [String] = RecordTrial.command, timeout: Duration = RecordTrial.timeout) {
        self.command = command
        self.timeout = timeout
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
    /// - Parameter now: The mesh's time.
    package func examine(
        _ records: [(kind: RecordKind, bytes: [UInt8])],
        mesh: CID,
        now: Instant
    ) async -> Verdict {
        defer { waiting.subtract(1, ordering: .relaxed) }
        let verdict: Verdict
        if waiting.add(1, ordering: .relaxed).newValue > Self.waitingMax {
            verdict = .undecided(crashing: [], reason: "\(Self.waitingMax) messages wait already")
        } else {
            do {
                verdict = try await pool.runIfActive { self.decode(records, mesh: mesh, now: now) }
            } catch {
                verdict = .undecided(crashing: [], reason: "\(error)")
            }
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
        }
    }

    private func decode(_ records: [(kind: RecordKind, bytes: [UInt8])], mesh: CID, now: Instant) -> Verdict {
        state.withLock { state in
            defer { state.lastUse = .now }
            let deadline = ContinuousClock.now + timeout
            var (crashing, next) = ([Int](), 0)
            while next < records.count {
                let process: TrialProcess
                do throws(TrialError) {
                    if let running = state.process { process = running } else { process = try TrialProcess(command) }
                } catch {
                    return .untried(reason: error.description)
                }
                state.process = nil
                let request = TrialRequest(mesh: mesh, now: now, records: Array(records[next...]))
                switch process.exchange(request.encoded, count: records.count - next, deadline: deadline) {
                case .answered:
                    state.process = process
                    return .decided(crashing: crashing)
                case .late:
                    return .undecided(crashing: crashing, reason: "not done within \(timeout)")
                case .ended(let answers, let signal):
                    next += answers
                    // One that was killed, or that ended by itself, says nothing about a record.
                    guard let signal, Self.crashSignals.contains(signal) else {
                        return .undecided(crashing: crashing, reason: "the process ended without a crash")
                    }
                    crashing.append(next)
                    next += 1
                    guard crashing.count < Self.crashesMax || next == records.count else {
                        return .undecided(crashing: crashing, reason: "more crashes than one message may cause")
                    }
                }
            }
            return .decided(crashing: crashing)
        }
    }

    /// Ends the process whenever there was no record for a while, and in the end, until the task is cancelled.
    func run() async {
        while (try? await Task.sleep(for: Self.idlePeriod)) != nil {
            state.withLock { if .now - $0.lastUse > Self.idleMax { $0.process = nil } }
        }
        state.withLock { $0.process = nil }
        try? await pool.shutdownGracefully()
    }
}
