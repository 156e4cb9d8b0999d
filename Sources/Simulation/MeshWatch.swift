import Core
import Mesh

/// What somebody who sees everything counts while a simulated mesh runs.
public struct MeshWatch: Sendable {
    /// A change of a record on its way to everybody.
    struct Change: Sendable {
        let key: RecordKey
        let version: UInt64
        let made: Instant
        var arrivals: [Duration] = []
    }

    /// A node that died, and who has seen it.
    struct Death: Sendable {
        let node: NodeID
        let at: Instant
        var seen: [Duration] = []
    }

    var change: Change?
    var death: Death?
    /// How often a node that runs and can be reached was suspected, or declared dead, by one that runs.
    public internal(set) var falseSuspicions = 0
    public internal(set) var falseDeaths = 0
    /// Events that nodes handled, ticks included: the work of the mesh.
    public internal(set) var events = 0
    /// Records that no honest node may take: forged ones.
    var forged: Set<[UInt8]> = []
    public internal(set) var forgedTaken = 0

    mutating func stored(_ header: RecordHeader, _ bytes: [UInt8], now: Instant) {
        if let change, header.key == change.key, header.version >= change.version {
            self.change?.arrivals.append(now - change.made)
        }
        if !forged.isEmpty, forged.contains(bytes) { forgedTaken += 1 }
    }

    mutating func observed(_ member: NodeID, _ status: MemberStatus, isReachable: Bool, now: Instant) {
        switch status {
        case .suspect: if isReachable { falseSuspicions += 1 }
        case .dead:
            if isReachable { falseDeaths += 1 }
            if let death, death.node == member { self.death?.seen.append(now - death.at) }
        case .alive, .unheard: break
        }
    }
}
