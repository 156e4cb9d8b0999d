import Core
import Owners

/// The roots of one owner's devices that count: of each device the newest that its certificate allows.
public struct NamespaceRoots: Hashable, Sendable {
    public let owner: OwnerID
    private var newest: [DeviceID: NamespaceRoot] = [:]

    public init(owner: OwnerID) {
        self.owner = owner
    }

    /// Takes a root unless it is another owner's, not newer than what is here, expired, or not allowed by `devices`.
    ///
    /// - Returns: whether it was taken.
    @discardableResult
    public mutating func insert(_ root: NamespaceRoot, devices: DeviceList, now: Instant) -> Bool {
        guard root.owner == owner, root.expires > now, root.version > newest[root.device]?.version ?? 0,
            devices.allows(rootVersion: root.version, of: root.device, owner: owner)
        else { return false }
        newest[root.device] = root
        return true
    }

    /// Drops what expired, and what a revoked device wrote after its last root that counts.
    public mutating func prune(devices: DeviceList, now: Instant) {
        newest = newest.filter { device, root in
            root.expires > now && devices.allows(rootVersion: root.version, of: device, owner: owner)
        }
    }

    /// In the order of the devices' keys.
    public var current: [NamespaceRoot] { newest.values.sorted { $0.device < $1.device } }
}
