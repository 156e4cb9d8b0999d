import Objects

/// What reads and writes segments.
struct SegmentServices: Sendable {
    let storing: SegmentStoring
    let search: SegmentSearch
    let reader: SegmentReader
    let grants: GrantDesk

    /// Reads with the permission of `owner`.
    func fetch(for owner: OwnerIdentity) throws -> SegmentFetch {
        SegmentFetch(search: search, reader: reader, grant: try grants.grant(of: owner))
    }
}
