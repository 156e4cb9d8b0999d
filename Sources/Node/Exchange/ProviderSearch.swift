import Core
import Exchange
import Publishing
import Synchronization

/// Finds nodes that have a block: the holders of the site it is the root of, or whoever of a cover set says so.
///
/// See docs/decisions/0002-finding-a-lone-block.md.
package final class ProviderSearch: Sendable {
    /// Rounds of cover sets that are asked one after the other.
    static let roundsMax = 2
    /// Most nodes asked in all rounds together.
    static let nodesMax = 96
    /// How long one round may take.
    static let roundTimeout = Duration.seconds(2)
    /// How long it is remembered that nobody had a block, and that somebody had.
    static let absenceMemory = Duration.seconds(2)
    static let presenceMemory = Duration.seconds(60)
    /// Most blocks remembered.
    static let memoryMax = 4_096

    private struct Memory {
        var providers: [NodeID]
        var until: Instant
    }

    private let mesh: MeshService
    private let client: ExchangeClient
    private let memory = Mutex<[CID: Memory]>([:])

    package init(mesh: MeshService, client: ExchangeClient) {
        self.mesh = mesh
        self.client = client
    }

    /// Who has `cid`, best first; empty when nobody says so.
    ///
    /// - Parameter failed: Nodes that were asked for it and did not send it, whatever they said before.
    package func providers(of cid: CID, except failed: Set<NodeID> = []) async -> [NodeID] {
        let holders = mesh.read { $0.repair.index.holdersToAsk(ofRoot: cid, asker: $0.mesh.node) }
        if !holders.isEmpty { return rank(holders.filter { !failed.contains($0) }) }
        let now = Clock.now()
        if let known = memory.withLock({ $0[cid] }), known.until > now, failed.isDisjoint(with: known.providers) {
            return client.order(known.providers)
        }
        let found = await ask(for: cid, except: failed)
        remember(cid, found, now: now)
        return client.order(found)
    }

    /// Keeps who is alive before who is not, and within that prefers who was fast.
    private func rank(_ holders: [NodeID]) -> [NodeID] {
        let alive = mesh.read { state in
            Set(holders.filter { state.mesh.member($0)?.observation.status == .alive })
        }
        return client.order(holders.filter(alive.contains)) + holders.filter { !alive.contains($0) }
    }

    private func ask(for cid: CID, except failed: Set<NodeID>) async -> [NodeID] {
        let rounds = mesh.read { state in
            state.repair.index.coverSet(
                excluding: failed.union([state.mesh.node]),
                rounds: Self.roundsMax,
                nodesMax: Self.nodesMax
            )
        }
        for round in rounds {
            let found = await withTaskGroup(of: NodeID?.self) { group in
                for node in round {
                    group.addTask {
                        let flags = try? await self.client.availability(of: [cid], at: node, within: Self.roundTimeout)
                        return flags?.first == true ? node : nil
                    }
                }
                // The first that has it will do, and a dead node is not waited for.
                for await node in group {
                    if let node {
                        group.cancelAll()
                        return [node]
                    }
                }
                return []
            }
            if !found.isEmpty { return found }
        }
        return []
    }

    private func remember(_ cid: CID, _ found: [NodeID], now: Instant) {
        memory.withLock { memory in
            if memory.count >= Self.memoryMax { memory = memory.filter { $0.value.until > now } }
            if memory.count >= Self.memoryMax { memory = [:] }
            let span = found.isEmpty ? Self.absenceMemory : Self.presenceMemory
            memory[cid] = Memory(providers: found, until: now + span)
        }
    }
}
