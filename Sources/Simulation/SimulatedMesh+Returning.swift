import Core
import Mesh

extension SimulatedMesh {
    /// A killed node starts again and takes its records from its life before, of which it shares the directory.
    ///
    /// What ``restart(_:)`` does, without a second directory for each start.
    mutating func restartRemembering(_ id: NodeID) {
        guard let old = nodes[id] else { preconditionFailure("nobody of this name to restart") }
        var fresh = old
        fresh.machine = machine(old.identity, clockError: old.clockError)
        fresh.machine.remember(all: old.machine)
        fresh.wake = now
        perform(at: add(fresh)) { $0.start(now: $1, using: &$2) }
    }

    /// A node that was stopped, not ended, goes on.
    mutating func resume(_ id: NodeID) {
        guard var node = nodes[id] else { preconditionFailure("nobody of this name to resume") }
        node.wake = now
        perform(at: add(node)) { $0.tick(now: $1, using: &$2) }
    }

    /// A node says something else about itself.
    mutating func claim(_ claims: NodeClaims, at id: NodeID) {
        guard let number = nodes.number(of: id) else { return }
        perform(at: number) { $0.claim(claims, now: $1, using: &$2) }
    }
}
