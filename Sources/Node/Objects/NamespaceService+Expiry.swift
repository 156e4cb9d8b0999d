import Core
import Owners

extension NamespaceService {
    /// Publishes the root of this device and its certificate anew when they expire soon.
    func sayAgain(_ owner: OwnerIdentity, expiringWithin margin: Duration) async throws {
        let (records, soon) = mesh.read { state in
            (state.mesh.records(of: .device), state.mesh.meshNow(Clock.now()) + margin)
        }
        let known = records.compactMap { try? DeviceRecord(decoding: $0.bytes) }
        let ends = known.filter { $0.certificate == owner.certificate }.map(\.expires)
        // Not for one that is unknown here: its owner may have revoked this device.
        if let end = ends.max(), end <= soon { try await publish(owner.certificate) }
        try await republish(owner, expiringBefore: soon)
    }
}
