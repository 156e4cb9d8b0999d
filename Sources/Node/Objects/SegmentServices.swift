import Objects

/// What reads and writes segments.
package struct SegmentServices: Sendable {
    let storing: SegmentStoring
    let search: SegmentSearch
    let reader: SegmentReader
    let grants: GrantDesk
    let journal: SegmentJournal

    package init(
        storing: SegmentStoring,
        search: SegmentSearch,
        reader: SegmentReader,
        grants: GrantDesk,
        journal: SegmentJournal
    ) {
        self.storing = storing
        self.search = search
        self.reader = reader
        self.grants = grants
        self.journal = journal
    }

    var work: BlockingWork { reader.work }

    /// Reads with the permission of `owner`.
    package func fetch(for owner: OwnerIdentity) throws -> SegmentFetch {
        SegmentFetch(search: search, reader: reader, grant: try grants.grant(of: owner))
    }
}
