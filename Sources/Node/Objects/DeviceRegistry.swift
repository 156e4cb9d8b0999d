import Core
import Owners
import Synchronization

/// What owners said of their devices, as gossip brings it; read wherever a device's word is judged.
package final class DeviceRegistry: Sendable {
    private let state = Mutex(DeviceList())

    package init() {}

    var list: DeviceList { state.withLock { $0 } }

    package func learn(_ certificate: DeviceCertificate) {
        state.withLock { _ = $0.insert(certificate) }
    }

    /// Forgets what a record said.
    ///
    /// - Parameter subject: Of the record: the owner's key followed by the device's.
    func forget(subject: [UInt8]) {
        let half = OwnerID.byteCount
        guard let owner = try? OwnerID(subject.prefix(half)), let device = try? DeviceID(subject.dropFirst(half)) else {
            return
        }
        state.withLock { $0.remove(device, of: owner) }
    }

    /// Whether a device may still write for its owner; one that is not known here shows its certificate itself.
    func isActive(_ device: DeviceID, of owner: OwnerID) -> Bool {
        state.withLock { $0.certificate(of: device, owner: owner)?.state ?? .active } == .active
    }
}
