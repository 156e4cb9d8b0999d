import Objects

/// What reads and writes segments.
struct SegmentServices: Sendable {
    let storing: SegmentStoring
    let search: SegmentSearch
    let reader: SegmentReader
    let grants: GrantDesk
    let journal: SegmentJournal

    var work: BlockingWork { reader.work }

    /// Reads with the permission of `owner`.
    func fetch(for owner: OwnerIdentity) throws -> SegmentFetch {
        SegmentFetch(search: search, reader: reader, grant: try grants.grant(of: owner))
    }
}
