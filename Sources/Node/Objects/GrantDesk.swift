import Core
import Objects
import Synchronization

/// The owner's permission for this node to read, signed anew before it ends.
package final class GrantDesk: Sendable {
    static let duration = Duration.seconds(86_400)
    /// A grant is replaced when less than this is left of it.
    static let renewalMargin = Duration.seconds(3_600)

    private let mesh: MeshService
    private let current = Mutex<Grant?>(nil)

    package init(mesh: MeshService) {
        self.mesh = mesh
    }

    func grant(of owner: OwnerIdentity) throws -> [UInt8] {
        let (meshID, now) = mesh.read { ($0.mesh.mesh, $0.mesh.meshNow(Clock.now())) }
        let kept = current.withLock { grant in
            grant.flatMap { $0.owner == owner.owner && $0.until > now + Self.renewalMargin ? $0 : nil }
        }
        if let kept { return kept.bytes }
        let grant = try Grant(
            mesh: meshID,
            reader: mesh.node,
            until: now + Self.duration,
            created: now,
            certificate: owner.certificate,
            device: owner.device
        )
        current.withLock { $0 = grant }
        return grant.bytes
    }
}
