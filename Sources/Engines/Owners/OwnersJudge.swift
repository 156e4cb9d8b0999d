import Core

/// A verified record of an owner: what it says, and what replication has to know of it.
public struct JudgedOwnerRecord: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case device(DeviceRecord)
        case namespaceRoot(NamespaceRootRecord)
    }

    public let header: RecordHeader
    public let content: Content
}

/// Verifies records of the kinds device and namespace root for gossip, which itself looks into none.
public enum OwnersJudge {
    /// Longest time from now to a record's end: 400 days, as for publications.
    public static let leaseMax: Duration = .seconds(400 * 86_400)

    /// Decodes `bytes`, verifies signatures, mesh, end, sponsor and whether the device was revoked.
    ///
    /// - Parameters:
    ///   - devices: The certificates known here; a root above a revoked device's last root does not count.
    ///   - isAdmitted: Whether an operator belongs to the mesh.
    /// - Throws: ``OwnersError``; `.unknownSigner` may pass later, all other codes are final for these bytes, `.outOfRange` of
    ///   an end aside.
    public static func judge(
        _ kind: RecordKind,
        _ bytes: [UInt8],
        mesh: CID,
        now: Instant,
        devices: DeviceList,
        isAdmitted: (OperatorID) -> Bool
    ) throws(OwnersError) -> JudgedOwnerRecord {
        let judged: JudgedOwnerRecord
        let seen: CID
        switch kind {
        case .device:
            let record = try DeviceRecord(decoding: bytes)
            judged = JudgedOwnerRecord(header: record.header, content: .device(record))
            seen = record.mesh
        case .namespaceRoot:
            let record = try NamespaceRootRecord(decoding: bytes)
            let root = record.root
            guard devices.allows(rootVersion: root.version, of: root.device, owner: root.owner) else {
                throw OwnersError(
                    .revoked,
                    "namespace root \(root.version) of device \(root.device.short), which was revoked before"
                )
            }
            judged = JudgedOwnerRecord(header: record.header, content: .namespaceRoot(record))
            seen = root.mesh
        default:
            throw OwnersError(.unknownKind, "record kind \(kind.code) is none of owners (5, 6)")
        }
        guard seen == mesh else { throw OwnersError(.wrongMesh, "a record of mesh \(seen), this is \(mesh)") }
        try check(end: judged.header.expires, now: now)
        guard isAdmitted(judged.header.sponsor) else {
            throw OwnersError(.unknownSigner, "sponsor \(judged.header.sponsor.short) is not an admitted operator")
        }
        return judged
    }

    private static func check(end: Instant, now: Instant) throws(OwnersError) {
        guard end > now else { throw OwnersError(.expired, "a record that ended at \(end), now is \(now)") }
        guard end <= now + leaseMax else {
            throw OwnersError(
                .outOfRange,
                "a record until \(end), at most \(leaseMax.wholeMilliseconds) ms from \(now)"
            )
        }
    }
}
