import Core

/// When copies are made again and given up.
public struct RepairSettings: Hashable, Sendable {
    /// Copies that this node makes for repair at the same time.
    public var copiesInFlightMax = 2
    /// Copies that this node makes because publishers ask, at the same time; further requests are refused.
    public var requestsInFlightMax = 16
    /// How long a silent holder, or one that has not updated itself, still counts.
    public var repairDelay: Duration = .seconds(600)
    /// The same when at most one live copy is left: about what a restart and its detection take. Never more than
    /// ``repairDelay``.
    public var urgentDelay: Duration = .seconds(10)
    /// How long each stand-in waits for the one before it, besides ``transferTime(of:)``.
    public var rankStep: Duration = .seconds(30)
    /// Bytes per second that a copying node is expected to reach at least; slower ones may be overtaken.
    public var transferRateMin: UInt64 = 1 << 20
    /// How long more copies than wanted stay before the worst placed ones are withdrawn.
    public var surplusGrace: Duration = .seconds(900)
    /// How long a withdrawn copy is still served before its space is freed.
    public var releaseDelay: Duration = .seconds(60)
    /// How long after its lease a site is kept in case this node's clock is ahead.
    public var leaseSlack: Duration = .seconds(60)
    /// The wait after a first failure of a copy; it doubles up to ``retryMax``.
    public var retryFirst: Duration = .seconds(5)
    public var retryMax: Duration = .seconds(600)
    /// How often a site that lacks copies is looked at again when nothing happens to it.
    public var recheckInterval: Duration = .seconds(30)
    /// Stand-ins per site.
    public var reservesMax = 3

    /// Sites that are evaluated per event; more wait for the next wake-up, which is then at once.
    public static let evaluationsMax = 1024

    public init() {}

    func delay(urgent: Bool) -> Duration { urgent ? min(urgentDelay, repairDelay) : repairDelay }

    /// How long a copy of `byteCount` may take.
    func transferTime(of byteCount: UInt64) -> Duration {
        .moving(byteCount, rate: transferRateMin)
    }

    func retryDelay(failures: Int) -> Duration {
        .backoff(failures: failures, first: retryFirst, max: retryMax)
    }
}
