import Core

/// The devices that owners certified, as far as they are known here: the newest certificate of each.
public struct DeviceList: Hashable, Sendable {
    private struct Key: Hashable {
        let owner: OwnerID
        let device: DeviceID
    }

    private var newest: [Key: DeviceCertificate] = [:]

    public init() {}

    /// Learns a certificate.
    ///
    /// The highest version wins; of two with one version a revocation does, then the greater bytes, so that everybody
    /// who knows the same certificates decides alike.
    ///
    /// - Returns: whether it replaced what was known.
    @discardableResult
    public mutating func insert(_ certificate: DeviceCertificate) -> Bool {
        let key = Key(owner: certificate.owner, device: certificate.device)
        if let known = newest[key], !Self.replaces(certificate, known) { return false }
        newest[key] = certificate
        return true
    }

    /// Forgets a device, when its record has expired.
    public mutating func remove(_ device: DeviceID, of owner: OwnerID) {
        newest[Key(owner: owner, device: device)] = nil
    }

    public func certificate(of device: DeviceID, owner: OwnerID) -> DeviceCertificate? {
        newest[Key(owner: owner, device: device)]
    }

    /// All devices of an owner, in the order of their keys.
    public func devices(of owner: OwnerID) -> [DeviceCertificate] {
        newest.values.filter { $0.owner == owner }.sorted { $0.device < $1.device }
    }

    /// Whether a namespace root counts: of a revoked device those up to ``DeviceCertificate/lastRootVersion``.
    ///
    /// A device that is not known here yet was certified by what its statements carry, so its roots count.
    public func allows(rootVersion: UInt64, of device: DeviceID, owner: OwnerID) -> Bool {
        certificate(of: device, owner: owner)?.allows(rootVersion: rootVersion) ?? true
    }

    private static func replaces(_ new: DeviceCertificate, _ old: DeviceCertificate) -> Bool {
        if new.version != old.version { return new.version > old.version }
        let active = (new: new.state == .active, old: old.state == .active)
        if active.new != active.old { return active.old }
        return old.bytes.lexicographicallyPrecedes(new.bytes)
    }
}

extension DeviceCertificate {
    /// Whether a namespace root of this version counts after what this certificate says.
    public func allows(rootVersion: UInt64) -> Bool { state == .active || rootVersion <= lastRootVersion }
}
