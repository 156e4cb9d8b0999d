import Core

/// News about members that still has to be told, most urgent first; each is told a bounded number of times.
///
/// Source: SWIM section 4.1, piggybacked dissemination with λ log n repetitions.
struct UpdateQueue: Sendable {
    private var pending: [NodeID: (update: StatusUpdate, told: Int)] = [:]

    static let repetitions = 3

    mutating func add(_ update: StatusUpdate) {
        pending[update.node] = (update, 0)
    }

    /// The updates for the next message.
    mutating func take(memberCount: Int) -> [StatusUpdate] {
        guard !pending.isEmpty else { return [] }
        let limit = Self.repetitions * (Int.bitWidth - (memberCount + 1).leadingZeroBitCount)
        let chosen = pending.sorted { ($0.value.told, $0.key) < ($1.value.told, $1.key) }
            .prefix(MeshLimits.updatesPerMessageMax)
        for (node, item) in chosen {
            pending[node] = item.told + 1 >= limit ? nil : (item.update, item.told + 1)
        }
        return chosen.map(\.value.update)
    }
}

/// Probes that this node makes for others: whose answer goes to whom.
struct ProbeRelays: Sendable {
    /// Most probes under way for others; more are not taken on.
    static let relaysMax = 256

    private struct Relay {
        let origin: NodeID
        let sequence: UInt64
        let until: Instant
    }

    private var relays: [UInt64: Relay] = [:]
    private var next: UInt64 = 1 << 62

    /// - Returns: the sequence number to ping with, `nil` when there is no room.
    mutating func add(origin: NodeID, sequence: UInt64, until: Instant, now: Instant) -> UInt64? {
        relays = relays.filter { $0.value.until > now }
        guard relays.count < Self.relaysMax else { return nil }
        next += 1
        relays[next] = Relay(origin: origin, sequence: sequence, until: until)
        return next
    }

    mutating func answer(_ sequence: UInt64) -> (origin: NodeID, sequence: UInt64)? {
        relays.removeValue(forKey: sequence).map { ($0.origin, $0.sequence) }
    }
}
