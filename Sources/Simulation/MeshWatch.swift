import Core
import Mesh

/// What somebody who sees everything counts while a simulated mesh runs.
public struct MeshWatch: Sendable {
    /// A change of a record on its way to everybody.
    struct Change: Sendable {
        let key: RecordKey
        let version: UInt64
        let made: Instant
        /// By number of the node that has it.
        var arrivals: [Int: Duration] = [:]
    }

    /// A node that died, and who has seen it.
    struct Death: Sendable {
        let node: NodeID
        let at: Instant
        /// By number of the node that has seen it.
        var seen: [Int: Duration] = [:]
    }

    /// Who thinks something of whom, by number.
    private struct Opinion: Hashable {
        let observer: UInt32
        let subject: UInt32
    }

    var change: Change?
    var death: Death?
    private var suspecting: Set<Opinion> = []
    private var declaring: Set<Opinion> = []
    /// Events that nodes handled, ticks included: the work of the mesh.
    public internal(set) var events = 0
    /// Records that no honest node may take: forged ones.
    var forged: Set<[UInt8]> = []
    public internal(set) var forgedTaken = 0

    /// Pairs of an observer and a node that ran and could be reached when the observer suspected it, or took it for dead.
    public var falseSuspicions: Int { suspecting.count }
    public var falseDeaths: Int { declaring.count }

    mutating func stored(_ header: RecordHeader, _ bytes: [UInt8], at observer: Int, now: Instant) {
        if let change, header.key == change.key, header.version >= change.version, change.arrivals[observer] == nil {
            self.change?.arrivals[observer] = now - change.made
        }
        if !forged.isEmpty, forged.contains(bytes) { forgedTaken += 1 }
    }

    /// - Parameter member: The number of the node that the observer thinks this of.
    mutating func observed(_ member: Int, _ status: MemberStatus, isReachable: Bool, by observer: Int) {
        guard isReachable else { return }
        let opinion = Opinion(observer: UInt32(observer), subject: UInt32(member))
        switch status {
        case .suspect: suspecting.insert(opinion)
        case .dead: declaring.insert(opinion)
        case .alive, .unheard: break
        }
    }

    mutating func sawDeath(of member: NodeID, at observer: Int, now: Instant) {
        guard let death, death.node == member, death.seen[observer] == nil else { return }
        self.death?.seen[observer] = now - death.at
    }
}
