import Core

/// A verified record of Publishing: what it says, and what replication has to know of it.
public struct JudgedRecord: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case publication(PublicationRecord)
        case holding(HoldingRecord)
        case floor(FloorRecord)
    }

    public let header: RecordHeader
    public let content: Content
}

/// Verifies records of the kinds publication, holding and floor for gossip, which itself looks into none.
public enum RecordJudge {
    /// Decodes `bytes`, verifies signatures, mesh, lease and signer.
    ///
    /// - Parameters:
    ///   - operatorOf: The operator that certified a node, `nil` if the node is not known here.
    ///   - isAdmitted: Whether an operator belongs to the mesh.
    /// - Throws: ``PublishingError``; `.unknownSigner` may pass later, all other codes are final for these bytes, `.outOfRange`
    ///   of a lease aside.
    public static func judge(
        _ kind: RecordKind,
        _ bytes: [UInt8],
        mesh: CID,
        now: Instant,
        operatorOf: (NodeID) -> OperatorID?,
        isAdmitted: (OperatorID) -> Bool
    ) throws(PublishingError) -> JudgedRecord {
        switch kind {
        case .publication:
            let record = try PublicationRecord(decoding: bytes)
            let publication = record.publication
            try check(mesh: publication.mesh, is: mesh, of: "publication")
            try check(end: publication.leaseEnd, now: now, of: "publication")
            try check(sponsor: publication.sponsor, isAdmitted)
            return JudgedRecord(header: publication.header, content: .publication(record))
        case .holding:
            let record = try HoldingRecord(decoding: bytes)
            let holding = record.holding
            try check(mesh: holding.mesh, is: mesh, of: "holding")
            try check(end: holding.until, now: now, of: "holding")
            guard let sponsor = operatorOf(holding.node), isAdmitted(sponsor) else {
                throw PublishingError(.unknownSigner, "node \(holding.node.short) of an admitted operator is not known")
            }
            return JudgedRecord(header: holding.header(sponsor: sponsor), content: .holding(record))
        case .floor:
            let record = try FloorRecord(decoding: bytes)
            let floor = record.floor
            try check(mesh: floor.mesh, is: mesh, of: "floor")
            try check(end: floor.leaseEnd, now: now, of: "floor")
            try check(sponsor: floor.sponsor, isAdmitted)
            return JudgedRecord(header: floor.header, content: .floor(record))
        default:
            throw PublishingError(.unknownKind, "record kind \(kind.code) is none of publishing (3, 4, 7)")
        }
    }

    private static func check(
        sponsor: OperatorID,
        _ isAdmitted: (OperatorID) -> Bool
    ) throws(PublishingError) {
        guard isAdmitted(sponsor) else {
            throw PublishingError(.unknownSigner, "sponsor \(sponsor.short) is not an admitted operator")
        }
    }

    private static func check(mesh seen: CID, is mesh: CID, of record: String) throws(PublishingError) {
        guard seen == mesh else { throw PublishingError(.wrongMesh, "a \(record) of mesh \(seen), this is \(mesh)") }
    }

    private static func check(end: Instant, now: Instant, of record: String) throws(PublishingError) {
        guard end > now else { throw PublishingError(.expired, "a \(record) that ended at \(end), now is \(now)") }
        guard end <= now + Publication.leaseMax else {
            throw PublishingError(
                .outOfRange,
                "a \(record) until \(end), at most \(Publication.leaseMax.wholeMilliseconds) ms from \(now)"
            )
        }
    }
}

extension Publication {
    public var header: RecordHeader {
        RecordHeader(
            key: RecordKey(kind: .publication, subject: publisher.bytes),
            version: sequence,
            expires: leaseEnd,
            sponsor: sponsor
        )
    }
}

extension Holding {
    /// - Parameter sponsor: The operator of the holding's node.
    public func header(sponsor: OperatorID) -> RecordHeader {
        RecordHeader(
            key: RecordKey(kind: .holding, subject: node.bytes + publisher.bytes),
            version: version,
            expires: until,
            sponsor: sponsor
        )
    }
}
