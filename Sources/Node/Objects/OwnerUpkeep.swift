import Core
import Logging

/// What a node does now and then for the owner whose keys it has.
struct OwnerUpkeep: Sendable {
    /// How long after its start a node waits: its mesh has then told it what it missed.
    static let startDelay = Duration.seconds(20)
    /// How often it is looked for what puts left behind.
    static let sweepPeriod = Duration.seconds(60)
    /// How often leases are looked at.
    static let leasePeriod = Duration.seconds(86_400)
    /// How soon it is tried again when not all of them could be; then after twice that, and so on.
    static let retryPeriod = Duration.seconds(10)
    static let retryPeriodMax = Duration.seconds(3_600)

    let orphans: OrphanRemoval
    let leases: LeaseKeeping
    let repacking: SegmentRepacking
    let vault: OwnerVault

    /// Works until the task is cancelled.
    func run() async {
        try? await Task.sleep(for: Self.startDelay)
        var nextLeases = ContinuousClock.now
        var nextSweep = nextLeases
        var retry = Self.retryPeriod
        while !Task.isCancelled {
            if ContinuousClock.now >= nextSweep {
                await orphans.sweep()
                nextSweep = ContinuousClock.now + Self.sweepPeriod
            }
            // By a clock that nobody confirms, leases would be renewed for a wrong time.
            if ContinuousClock.now >= nextLeases, leases.knowsTheTime {
                let isDone = await leases.keep()
                if let owner = vault.identity { await repacking.repack(owner) }
                nextLeases = ContinuousClock.now + (isDone ? Self.leasePeriod : retry)
                retry = isDone ? Self.retryPeriod : min(retry * 2, Self.retryPeriodMax)
            }
            try? await Task.sleep(for: Self.retryPeriod)
        }
    }
}
