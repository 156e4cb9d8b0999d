/// What restores an owner.
public struct KeyBackup: Codable, Hashable, Sendable {
    /// The BIP-39 words, separated by single spaces. A secret: whoever has it can read and remove everything.
    public var phrase: String
    /// `k51…` of the owner.
    public var owner: String

    public init(phrase: String, owner: String) {
        self.phrase = phrase
        self.owner = owner
    }
}

/// An owner that came back.
public struct KeyRecovered: Codable, Hashable, Sendable {
    /// `k51…` of the owner.
    public var owner: String
    /// Objects found on the mesh.
    public var objects: Int

    public init(owner: String, objects: Int) {
        self.owner = owner
        self.objects = objects
    }
}

/// What makes another machine a device of this owner.
public struct DeviceInvite: Codable, Hashable, Sendable {
    /// For `holdfast key add-device --accept` on the other machine. A secret.
    public var text: String

    public init(text: String) {
        self.text = text
    }
}

/// A machine that writes, or wrote, for this owner.
public struct DeviceEntry: Codable, Hashable, Sendable {
    /// Whether the device may write.
    public enum State: String, Codable, Hashable, Sendable, CaseIterable {
        case active, revoked
    }

    /// `k51…` of the device.
    public var device: String
    public var name: String
    public var state: State
    /// Whether it is the node that was asked.
    public var isThis: Bool

    public init(device: String, name: String, state: State, isThis: Bool) {
        self.device = device
        self.name = name
        self.state = state
        self.isThis = isThis
    }
}
