import Core

/// How the nodes of a simulated mesh come and go, and how fast they are.
public struct HolderChurn: Sendable {
    public var nodes = 30
    public var segments = 1
    public var k = 10
    public var n = 30
    public var pieceBytes: UInt64 = 6 << 20
    /// Mean of the exponential times that a node is reachable, and that it is away and returns with its disk.
    public var session: Duration = .seconds(86_400)
    public var absence: Duration = .seconds(8 * 3600)
    /// Mean of the exponential time until a node is gone for good with its disk; `nil` for never.
    public var lifetime: Duration?
    /// How long after a permanent departure a new, empty node takes its place; `nil` for never.
    public var replacement: Duration? = .seconds(3600)
    /// How long it takes to see that a node is away or back.
    public var detection: Duration = .seconds(10)
    /// Longest time that a statement takes to each node that is there; those away miss it.
    public var gossipMax: Duration = .seconds(5)
    /// Bytes per second at which a repairer fetches and stores pieces.
    public var bytesPerSecond: UInt64 = 2 << 20
    /// Rebuilds that fail for no reason.
    public var failures = Ratio(1, in: 50)
    /// How long after its start a mesh is free of churn.
    public var calm: Duration = .seconds(3600)
    public var repairs = true

    public init() {}
}

/// What happened to the objects of a simulated mesh, counted by somebody who sees everything.
public struct HolderOutcome: Sendable, CustomStringConvertible {
    public var segments = 0
    /// Segments of which fewer than k different pieces were left on nodes that may return, at any time.
    public var lost = 0
    /// Samples (one per segment and hour) with fewer than k different pieces on reachable nodes, of all samples.
    public var unreachableSamples = 0
    public var samples = 0
    public var departures = 0
    public var rebuilds = 0
    public var failedRebuilds = 0
    public var rebuiltPieces = 0
    /// Pieces that were begun although a reachable node had them, or of a removed segment: what must not happen.
    public var wrongPieces = 0
    /// Pieces that were made twice because two holders repaired at once.
    public var doublePieces = 0
    /// Pieces that gave way to an earlier-made twin whose holder returned: what repair did for nothing.
    public var withdrawnPieces = 0
    /// Withdrawals after which fewer different pieces were reachable than before: what must not happen.
    public var wrongWithdrawals = 0
    public var movedBytes: UInt64 = 0
    /// Bytes of all pieces at full strength.
    public var storedBytes: UInt64 = 0
    public var days = 0.0

    /// Repair traffic, down and up, per stored byte (all n pieces) in 30 days.
    public var trafficPerStoredByteAndMonth: Double {
        storedBytes == 0 || days == 0 ? 0 : Double(movedBytes) / Double(storedBytes) * 30 / days
    }

    public init() {}

    /// Adds what another run found.
    public mutating func add(_ other: HolderOutcome) {
        segments += other.segments
        lost += other.lost
        unreachableSamples += other.unreachableSamples
        samples += other.samples
        departures += other.departures
        rebuilds += other.rebuilds
        failedRebuilds += other.failedRebuilds
        rebuiltPieces += other.rebuiltPieces
        wrongPieces += other.wrongPieces
        doublePieces += other.doublePieces
        withdrawnPieces += other.withdrawnPieces
        wrongWithdrawals += other.wrongWithdrawals
        movedBytes += other.movedBytes
        storedBytes += other.storedBytes
        days = max(days, other.days)
    }

    public var description: String {
        let traffic = Double(Int(trafficPerStoredByteAndMonth * 1000)) / 1000
        return "\(lost) of \(segments) lost, \(unreachableSamples) of \(samples) samples unreachable, "
            + "\(departures) departures, \(rebuilds) rebuilds (\(failedRebuilds) failed) of \(rebuiltPieces) pieces "
            + "(\(doublePieces) double, \(wrongPieces) wrong), \(withdrawnPieces) withdrawn "
            + "(\(wrongWithdrawals) wrongly), \(traffic) bytes moved per stored byte and month over \(Int(days)) days"
    }
}
