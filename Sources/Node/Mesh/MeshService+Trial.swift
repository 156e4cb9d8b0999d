import Core
import Logging
import Mesh

extension MeshService {
    /// Whether a message may be handled: each record in it that is new was decoded by a process that may crash, or is
    /// refused from now on because that one did.
    ///
    /// - Parameter now: When it came.
    func passesTrial(_ message: [UInt8], from peer: NodeID, now: Instant) async -> Bool {
        guard let trial else { return true }
        guard let slot = records.begin(Digest(hashing: message)) else { return false }
        let carried = MeshMachine.records(carriedBy: message)
        records.end(slot)
        guard !carried.isEmpty else { return true }
        let (unseen, mesh, meshNow) = read { ($0.mesh.unseen(carried), $0.mesh.mesh, $0.mesh.meshNow(now)) }
        guard !unseen.isEmpty else { return true }
        let verdict = await trial.examine(
            unseen.map { ($0.key.kind, $0.bytes) },
            from: peer,
            isMember: read { $0.mesh.member(peer) != nil },
            mesh: mesh,
            now: meshNow
        )
        switch verdict {
        case .decided(let crashing):
            quarantine(crashing.map { unseen[$0] }, from: peer)
            return true
        case .undecided(let crashing, let reason):
            quarantine(crashing.map { unseen[$0] }, from: peer)
            guard !Task.isCancelled else { return false }
            // Gossip repeats itself.
            logger.warning("records not tried in time", metadata: ["peer": "\(peer.short)", "reason": "\(reason)"])
            return false
        case .stopped: return false
        case .untried(let reason):
            // A mesh that hears of nothing is worse than one process that may crash, once, on a record of its journal.
            logger.warning("records are processed untried", metadata: ["reason": "\(reason)"])
            return true
        }
    }

    /// From now on these are refused, after a restart too.
    private func quarantine(_ crashing: [MeshMachine.CarriedRecord], from peer: NodeID) {
        guard !crashing.isEmpty else { return }
        let digests = crashing.map { MeshMachine.digest(of: $0.key.kind, $0.bytes) }
        for (record, digest) in zip(crashing, digests) {
            logger.error(
                "a record crashes this build and is refused",
                metadata: ["kind": "\(record.key.kind.code)", "digest": "\(digest)", "peer": "\(peer.short)"]
            )
        }
        refuse(digests)
        do {
            try records.quarantine(digests)
        } catch {
            // Refused until the node stops; its trial finds them again after that.
            logger.error("the quarantine could not be saved", metadata: ["error": "\(error)"])
        }
    }
}
