import Settings

/// What the demo found; `demo --json` prints exactly these keys.
public struct DemoReport: Codable, Sendable {
    public var nodes: Int
    public var operators: Int
    public var seed: UInt64
    /// Who was killed, in order.
    public var killed: [String]
    public var nodesKilled: Int
    public var requests: Int
    /// Requests per second that were reached.
    public var rate: Double
    /// Requests for content that the asked gateway had not served before, in percent.
    public var freshPercent: Int
    public var retried: Int
    /// Requests for the site, and readings of the private file.
    public var failed: Int
    public var bytesVerified: Int
    public var p50Milliseconds: Double
    public var p99Milliseconds: Double
    /// Of the requests that were under way in the second after a kill, for the worst kill; absent without a kill.
    public var p99AfterKillMilliseconds: Double?
    /// From the last kill until every survivor counted all copies; absent when that did not happen in time.
    public var secondsUntilCopiesWereBack: Double?
    public var copiesLive: Int
    public var copiesTarget: Int
    /// The private file; absent when there was none.
    public var file: FileReport?
    /// First failures, word by word; all of the private file.
    public var failures: [String]
    /// Nodes that ended without being killed.
    public var crashed: [String]
    /// Where data and logs were kept; absent when they were removed.
    public var keptIn: String?

    /// - Parameters:
    ///   - tally: with its last window taken.
    ///   - elapsed: how long readers read.
    ///   - file: `nil` when there was none.
    ///   - back: from the last kill until all copies were back; `nil` when they were not in time.
    package init(
        members: [DemoMember],
        seed: UInt64,
        plan: KillPlan,
        tally: ReaderTally,
        elapsed: Duration,
        back: Duration?,
        copies: (live: Int, target: Int),
        file: FileReport? = nil,
        crashed: [String],
        keptIn: String?
    ) {
        func milliseconds(_ percent: Int) -> Double {
            (tally.latency.percentile(percent) ?? .zero) / .milliseconds(1)
        }
        nodes = members.count
        operators = Set(members.map(\.operatorName)).count
        self.seed = seed
        killed = plan.steps.map(\.title)
        nodesKilled = plan.victims.count
        let fileFailures = file?.failures ?? []
        requests = tally.requests
        rate = Double(tally.requests) / max(0.001, elapsed / .seconds(1))
        freshPercent = tally.requests > 0 ? tally.fresh * 100 / tally.requests : 0
        retried = tally.retried
        failed = tally.failed + fileFailures.count
        bytesVerified = tally.bytesVerified
        p50Milliseconds = milliseconds(50)
        p99Milliseconds = milliseconds(99)
        p99AfterKillMilliseconds = tally.p99AfterKill.map { $0 / .milliseconds(1) }
        secondsUntilCopiesWereBack = back.map { $0 / .seconds(1) }
        copiesLive = copies.live
        copiesTarget = copies.target
        self.file = file
        failures = tally.examples + fileFailures
        self.crashed = crashed
        self.keptIn = keptIn
    }

    /// What went wrong, in one sentence; `nil` when nothing did.
    public var complaint: String? {
        var parts: [String] = []
        if failed > 0 {
            let reads = requests + (file?.readBacks.count ?? 0)
            parts.append("\(failed) of \(reads) requests failed, the first: \(failures.first ?? "")")
        }
        if let complaint = file?.complaint { parts.append(complaint) }
        if requests == 0 { parts.append("no request was made") }
        if secondsUntilCopiesWereBack == nil {
            parts.append("only \(copiesLive) of \(copiesTarget) copies came back")
        }
        if !crashed.isEmpty {
            parts.append("nodes ended by themselves: \(crashed.joined(separator: ", "))")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// The report for people.
    public var lines: [String] {
        func milliseconds(_ value: Double) -> String { ByteCountText.decimal(value, 1) + " ms" }
        let back = secondsUntilCopiesWereBack.map {
            ByteCountText.decimal($0, 1) + " s after the last kill"
        }
        var lines = [
            "",
            "killed     \(nodesKilled) of \(nodes) nodes (\(operators) operators): \(killed.joined(separator: "; "))",
            "requests   \(requests), \(ByteCountText.decimal(rate, 0)) a second, \(freshPercent) % new to their gateway",
            "retried    \(retried)",
            "failed     \(failed)",
            "verified   \(ByteCountText.format(bytesVerified))",
            "latency    p50 \(milliseconds(p50Milliseconds)), p99 \(milliseconds(p99Milliseconds))"
                + (p99AfterKillMilliseconds.map { ", p99 in the second after the worst kill \(milliseconds($0))" } ?? ""),
            "copies     \(copiesLive) of \(copiesTarget); all back \(back ?? "never: not within the time allowed")",
        ]
        lines += file?.lines ?? []
        lines += failures.map { "failure    \($0)" }
        lines += crashed.map { "crashed    \($0)" }
        if let keptIn { lines.append("kept in    \(keptIn)") }
        return lines
    }
}
