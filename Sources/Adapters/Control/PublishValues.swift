/// What `publish` asks for.
public struct PublishRequest: Codable, Hashable, Sendable {
    /// Absolute path of the folder, as the node sees it.
    public var path: String
    /// Label of the name; the same label keeps its `k51…`. `nil`: the folder's own name.
    public var name: String?
    /// What the user called the folder, for a label when there is no `name`; it may be a link's name.
    public var folderName: String?
    /// Take hidden entries along.
    public var includeHidden: Bool
    /// Leave out what cannot be read or named, and say so, instead of refusing.
    public var skipUnreadable: Bool
    /// Copies wanted; `nil` for the node's default.
    public var copies: Int?
    /// Days until the lease ends; `nil` for the node's default.
    public var leaseDays: Int?

    public init(
        path: String,
        name: String? = nil,
        folderName: String? = nil,
        includeHidden: Bool = false,
        skipUnreadable: Bool = false,
        copies: Int? = nil,
        leaseDays: Int? = nil
    ) {
        self.path = path
        self.name = name
        self.folderName = folderName
        self.includeHidden = includeHidden
        self.skipUnreadable = skipUnreadable
        self.copies = copies
        self.leaseDays = leaseDays
    }
}

/// What `publish` did.
public struct PublishResult: Codable, Hashable, Sendable {
    /// `k51…`.
    public var name: String
    /// CID of the folder.
    public var root: String
    /// Where this node's gateway serves it.
    public var url: String
    /// Copies that are durable now.
    public var copiesPlaced: Int
    /// Copies that were asked for.
    public var copiesWanted: Int
    /// Hidden entries that were left out.
    public var hiddenSkipped: Int
    /// Paths left out because they could not be read or named; relative to the folder.
    public var unreadableSkipped: [String]
    /// Hints and warnings, a sentence each.
    public var notes: [String]

    public init(
        name: String,
        root: String,
        url: String,
        copiesPlaced: Int,
        copiesWanted: Int,
        hiddenSkipped: Int = 0,
        unreadableSkipped: [String] = [],
        notes: [String] = []
    ) {
        self.name = name
        self.root = root
        self.url = url
        self.copiesPlaced = copiesPlaced
        self.copiesWanted = copiesWanted
        self.hiddenSkipped = hiddenSkipped
        self.unreadableSkipped = unreadableSkipped
        self.notes = notes
    }
}

/// A name that this node publishes.
public struct NameEntry: Codable, Hashable, Sendable {
    public var label: String
    /// `k51…`.
    public var name: String
    /// CID that the name points to.
    public var root: String
    public var sequence: UInt64
    /// End of the lease, in milliseconds since 1970.
    public var leaseEndMilliseconds: Int64
    public var copiesLive: Int
    public var copiesTarget: Int
    /// How far the durable floor is: `stored`, `storing 1/3`, `waiting` or `none`.
    public var floor: String
    /// Why there is none; a sentence for the user.
    public var floorReason: String?

    public init(
        label: String,
        name: String,
        root: String,
        sequence: UInt64,
        leaseEndMilliseconds: Int64,
        copiesLive: Int,
        copiesTarget: Int,
        floor: String,
        floorReason: String? = nil
    ) {
        self.label = label
        self.name = name
        self.root = root
        self.sequence = sequence
        self.leaseEndMilliseconds = leaseEndMilliseconds
        self.copiesLive = copiesLive
        self.copiesTarget = copiesTarget
        self.floor = floor
        self.floorReason = floorReason
    }
}
