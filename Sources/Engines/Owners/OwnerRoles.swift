import Core

public enum OwnerRole: Sendable {}
public enum DeviceRole: Sendable {}

/// Who stored something: a key apart from any node's, restored from a recovery phrase.
public typealias OwnerID = KeyID<OwnerRole>
/// A machine that writes for an owner under a key of its own, which the owner certified and can revoke.
public typealias DeviceID = KeyID<DeviceRole>

extension SignatureDomain {
    /// What an owner signs of each of its devices.
    static let device = SignatureDomain("holdfast/device/1")
    /// What the sponsoring operator signs: the owner's certificate, with mesh and end.
    static let deviceSponsor = SignatureDomain("holdfast/device-sponsor/1")
    /// What a device signs of its part of the namespace.
    static let namespaceRoot = SignatureDomain("holdfast/namespace-root/1")
    /// What the sponsoring operator signs: the device's statement.
    static let namespaceRootSponsor = SignatureDomain("holdfast/namespace-root-sponsor/1")
}
