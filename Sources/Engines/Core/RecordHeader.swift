/// What a replicated record states.
public struct RecordKind: Hashable, Sendable, Comparable {
    public let code: UInt8

    public init(code: UInt8) {
        self.code = code
    }

    /// An operator was admitted to the mesh; the subject is the operator.
    public static let admission = RecordKind(code: 1)
    /// A node describes itself; the subject is the node.
    public static let node = RecordKind(code: 2)
    /// A publisher's site and where its name points; the subject is the publisher.
    public static let publication = RecordKind(code: 3)
    /// A node holds a site; the subject is the node followed by the publisher.
    public static let holding = RecordKind(code: 4)
    /// An owner's certificate for a device; the subject is the owner followed by the device.
    public static let device = RecordKind(code: 5)
    /// Where a device's part of its owner's namespace begins; the subject is the owner followed by the device.
    public static let namespaceRoot = RecordKind(code: 6)
    /// In which segments a publisher's site is coded; the subject is the publisher.
    public static let floor = RecordKind(code: 7)

    public static func < (lhs: RecordKind, rhs: RecordKind) -> Bool { lhs.code < rhs.code }
}

/// The slot that a replicated record fills; in each slot the highest version wins.
public struct RecordKey: Hashable, Sendable, Comparable {
    public let kind: RecordKind
    public let subject: [UInt8]

    /// Longest subject, in bytes: two keys.
    public static let subjectBytesMax = 64

    public init(kind: RecordKind, subject: [UInt8]) {
        self.kind = kind
        self.subject = subject
    }

    public static func < (lhs: RecordKey, rhs: RecordKey) -> Bool {
        lhs.kind != rhs.kind ? lhs.kind < rhs.kind : lhs.subject.lexicographicallyPrecedes(rhs.subject)
    }
}

/// All that replication has to know of a record; whoever made this has verified the record's signatures.
public struct RecordHeader: Hashable, Sendable {
    public let key: RecordKey
    /// Strictly growing per key.
    public let version: UInt64
    /// From then on the record is void and is forgotten.
    public let expires: Instant
    /// The operator that answers for the record and whose quota it counts against.
    public let sponsor: OperatorID

    public init(key: RecordKey, version: UInt64, expires: Instant, sponsor: OperatorID) {
        self.key = key
        self.version = version
        self.expires = expires
        self.sponsor = sponsor
    }
}
