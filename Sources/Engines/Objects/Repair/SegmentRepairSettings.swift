import Core

/// When pieces are made again and given up, and how much of a node that may take.
public struct SegmentRepairSettings: Hashable, Sendable {
    /// How long the pieces of a silent holder still count, unless the segment is endangered.
    public var grace: Duration = .seconds(3600)
    /// How long a segment that is new here is left alone, besides ``transferTime(of:)`` of all its pieces: its writer is
    /// still placing them, or what others hold is still being learnt after a start.
    public var settleDelay: Duration = .seconds(600)
    /// How long each further live holder waits for the one before it to repair, besides ``transferTime(of:)``.
    public var takeoverDelay: Duration = .seconds(120)
    /// How long a duplicate piece stays before the later-made one is withdrawn.
    public var surplusGrace: Duration = .seconds(3600)
    /// Segments that this node rebuilds at the same time.
    public var rebuildsInFlightMax = 4
    /// Bytes per second that rebuilds may move, down and up together; 0 for no limit.
    public var bytesPerSecondMax: UInt64 = 32 << 20
    /// Bytes that may be moved at once after a quiet time.
    public var burstBytesMax: UInt64 = 1 << 30
    /// Bytes per second that a repairer is expected to reach at least; slower ones may be overtaken.
    public var transferRateMin: UInt64 = 1 << 20
    /// The wait after a first failure of a rebuild; it doubles up to ``retryMax``.
    public var retryFirst: Duration = .seconds(30)
    public var retryMax: Duration = .seconds(3600)
    /// How long a node that refused a piece of a segment is not asked again for it while there are others; where there are none,
    /// four times the wait after the failure.
    public var refusalMemory: Duration = .seconds(3600)
    /// Live holders per segment that exchange what they know with a node that returned.
    public var syncPartnersMax = 2

    /// Segments that are looked at per event; more wait for the next wake-up, which is then at once.
    public static let evaluationsMax = 4096
    /// Segments in one `.sync`.
    public static let syncBatchMax = 256

    public init() {}

    /// Live pieces below which silent holders do not count any more at all: k + ⌈n/4⌉.
    public static func endangeredBelow(k: Int, n: Int) -> Int { k + (n + 3) / 4 }

    /// How long moving `byteCount` may take.
    func transferTime(of byteCount: UInt64) -> Duration {
        .moving(byteCount, rate: transferRateMin)
    }

    /// Bytes that one window of a rebuild moves at most, in the code of large meshes: ten pieces in, twenty out.
    public static let windowBytesMax = 30 * 8 * UInt64(SegmentLayout.unitBytesMax)
    /// How long a holder may wait for the next window of a piece; it gives up after a minute.
    public static let windowGapMax = 20

    /// Rebuilds no more at once than its own limit lets go on without holders that give up, and expects no more of a repairer
    /// than that limit lets it reach.
    public mutating func slowDown() {
        guard bytesPerSecondMax > 0 else { return }
        let fitting = bytesPerSecondMax.multipliedReportingOverflow(by: UInt64(Self.windowGapMax))
        if !fitting.overflow {
            let windows = Int(clamping: fitting.partialValue / Self.windowBytesMax)
            rebuildsInFlightMax = min(rebuildsInFlightMax, max(1, windows))
        }
        let share = bytesPerSecondMax / UInt64(2 * max(rebuildsInFlightMax, 1))
        transferRateMin = max(min(transferRateMin, share), 1)
    }

    func retryDelay(failures: Int) -> Duration {
        .backoff(failures: failures, first: retryFirst, max: retryMax)
    }
}
