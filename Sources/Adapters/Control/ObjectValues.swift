/// What `put` asks for: paths of the node's machine, or one stream that comes with the request.
public struct PutRequest: Codable, Hashable, Sendable {
    /// A file or folder, and what it is called once it is stored.
    public struct Path: Codable, Hashable, Sendable {
        /// Absolute path, as the node sees it.
        public var path: String
        /// The object's name; for a folder, what everything in it is stored under.
        public var name: String

        public init(path: String, name: String) {
            self.path = path
            self.name = name
        }
    }

    /// What to store; empty when the content comes as a stream.
    public var paths: [Path]
    /// Name of the one object that a stream becomes; `nil` when there are `paths`, which carry their own names.
    public var name: String?
    /// Days until the lease ends; `nil` for the node's default.
    public var leaseDays: Int?
    /// Take hidden entries along.
    public var includeHidden: Bool
    /// Leave out what cannot be read or named, and say so, instead of refusing.
    public var skipUnreadable: Bool

    public init(
        paths: [Path] = [],
        name: String? = nil,
        leaseDays: Int? = nil,
        includeHidden: Bool = true,
        skipUnreadable: Bool = false
    ) {
        self.paths = paths
        self.name = name
        self.leaseDays = leaseDays
        self.includeHidden = includeHidden
        self.skipUnreadable = skipUnreadable
    }
}

/// What `put` did.
public struct PutResult: Codable, Hashable, Sendable {
    /// Files, folders and symbolic links stored.
    public var objects: Int
    /// Plaintext bytes stored.
    public var bytes: Int
    public var segments: Int
    /// Pieces that are durable on their holders now.
    public var piecesPlaced: Int
    /// Pieces that were asked for.
    public var piecesWanted: Int
    /// How a segment is coded, for people: `10 of 30`, `1 of 2`.
    public var code: String
    /// Operators that hold at least one of the pieces.
    public var operators: Int
    /// End of the lease, in milliseconds since 1970.
    public var leaseEndMilliseconds: Int64
    /// Paths left out because they could not be read or named.
    public var skipped: [String]
    /// Hints and warnings, a sentence each.
    public var notes: [String]
    /// Of the bytes, those that an interrupted attempt had stored and that were not sent again.
    public var bytesResumed: Int

    public init(
        objects: Int,
        bytes: Int,
        segments: Int,
        piecesPlaced: Int,
        piecesWanted: Int,
        code: String,
        operators: Int,
        leaseEndMilliseconds: Int64,
        skipped: [String] = [],
        notes: [String] = [],
        bytesResumed: Int = 0
    ) {
        self.objects = objects
        self.bytes = bytes
        self.segments = segments
        self.piecesPlaced = piecesPlaced
        self.piecesWanted = piecesWanted
        self.code = code
        self.operators = operators
        self.leaseEndMilliseconds = leaseEndMilliseconds
        self.skipped = skipped
        self.notes = notes
        self.bytesResumed = bytesResumed
    }
}

/// What `get` asks for.
public struct GetRequest: Codable, Hashable, Sendable {
    /// An object, or what others are stored under.
    public var name: String
    /// Absolute path of the file or folder to write, as the node sees it.
    public var path: String

    public init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}

/// What `get` wrote.
public struct GetResult: Codable, Hashable, Sendable {
    public var objects: Int
    public var bytes: Int
    /// Of the bytes, those that an interrupted attempt had written and that were not fetched again.
    public var bytesResumed: Int

    public init(objects: Int, bytes: Int, bytesResumed: Int = 0) {
        self.objects = objects
        self.bytes = bytes
        self.bytesResumed = bytesResumed
    }
}

/// What an object is.
public enum ObjectKind: String, Codable, Hashable, Sendable, CaseIterable {
    case file, folder, symlink
}

/// An object of this owner.
public struct ObjectEntry: Codable, Hashable, Sendable {
    public var name: String
    public var kind: ObjectKind
    /// Plaintext bytes.
    public var bytes: Int
    /// When the file was changed last, in milliseconds since 1970.
    public var modifiedMilliseconds: Int64
    /// End of the lease, in milliseconds since 1970.
    public var leaseEndMilliseconds: Int64

    public init(
        name: String,
        kind: ObjectKind,
        bytes: Int,
        modifiedMilliseconds: Int64,
        leaseEndMilliseconds: Int64
    ) {
        self.name = name
        self.kind = kind
        self.bytes = bytes
        self.modifiedMilliseconds = modifiedMilliseconds
        self.leaseEndMilliseconds = leaseEndMilliseconds
    }
}

/// What `rm` removed.
public struct RemoveResult: Codable, Hashable, Sendable {
    public var objects: Int
    public var bytes: Int

    public init(objects: Int, bytes: Int) {
        self.objects = objects
        self.bytes = bytes
    }
}
