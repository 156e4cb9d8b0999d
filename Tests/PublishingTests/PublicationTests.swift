import Core
import Publishing
import Testing

@Suite struct PublicationTests {
    @Test func site_isPublishedAgain_keepsTheOlderVersions() throws {
        let first = try publication(1, root: 1)
        let second = try publication(1, root: 2, after: first, now: start + .seconds(60))
        #expect(second.sequence > first.sequence)
        #expect(second.contentSequence == second.sequence)
        #expect(second.versions.map(\.root) == [cid(2), cid(1)])
        #expect(second.leaseEnd == start + .seconds(60) + day(90))
    }

    @Test func site_isUnchanged_onlyRenews() throws {
        let first = try publication(1, root: 1)
        let again = try publication(1, root: 1, after: first, now: start + .seconds(60))
        #expect(again.sequence > first.sequence)
        #expect(again.contentSequence == first.contentSequence)
        #expect(again.versions == first.versions)
    }

    @Test func site_goesBackToAnOlderRoot_listsItOnce() throws {
        let first = try publication(1, root: 1)
        let second = try publication(1, root: 2, after: first, now: start + .seconds(1))
        let third = try publication(1, root: 1, after: second, now: start + .seconds(2))
        #expect(third.versions.map(\.root) == [cid(1), cid(2)])
    }

    @Test func versions_areMany_lastTenOrThirtyDaysStay() throws {
        var current: Publication?
        for index in 0..<20 { current = try publication(1, root: index, after: current, now: start + day(index)) }
        var site = try #require(current)
        #expect(site.versions.count == 20, "all are younger than 30 days")
        #expect(site.retainedRoots(at: start + day(29)).count == 20)
        #expect(site.retainedRoots(at: start + day(30)).count == 19, "the first one is 30 days old")
        #expect(site.retainedRoots(at: start + day(100)).count == 10)
        #expect(site.retainedRoots(at: site.leaseEnd).isEmpty)
        site = try publication(1, root: 99, after: site, now: start + day(100))
        #expect(site.versions.map(\.root) == ([99] + (11..<20).reversed()).map(cid))
    }

    @Test func versions_arePublishedWithinAnHour_areAtMostTheLimit() throws {
        var current: Publication?
        for index in 0..<80 { current = try publication(1, root: index, after: current, now: start + .seconds(index)) }
        #expect(current?.versions.count == SiteVersion.countMax)
        #expect(current?.versions.first?.root == cid(79))
    }

    @Test func clock_goesBack_sequenceAndOrderStillGrow() throws {
        let first = try publication(1, root: 1)
        let second = try publication(1, root: 2, after: first, now: start - day(400))
        #expect(second.sequence == first.sequence + 1)
        #expect(second.versions.map(\.published) == [start, start])
        #expect(Publication.nextSequence(after: .max, now: start) == .max)
    }

    @Test func lease_isRenewed_neverGetsShorter() throws {
        let site = try publication(1, root: 1)
        let now = start + .seconds(9)
        let sequence = Publication.nextSequence(after: site.sequence, now: now)
        let longer = try site.renewed(ipns: [9], sequence: sequence, now: now)
        #expect(longer.leaseEnd == now + day(90) && longer.contentSequence == site.contentSequence)
        #expect(longer.ipns == [9])
        let shorter = try site.renewed(ipns: [9], lease: .seconds(5), sequence: sequence, now: now)
        #expect(shorter.leaseEnd == site.leaseEnd)
    }

    @Test func site_isUnpublished_hasNoRootUntilItsLeaseEnds() throws {
        let site = try publication(1, root: 1)
        let end = try site.unpublished(ipns: [], sequence: site.sequence + 1)
        #expect(!end.isPublished && end.versions.isEmpty && end.leaseEnd == site.leaseEnd)
        #expect(end.retainedRoots(at: start).isEmpty)
        let again = try publication(1, root: 3, after: end, now: start + .seconds(5))
        #expect(again.versions.map(\.root) == [cid(3)])
    }

    @Test func sequence_isNotHigher_isRefused() throws {
        let site = try publication(1, root: 1)
        #expect(throws: PublishingError.self) { try site.renewed(ipns: [], sequence: site.sequence, now: start) }
        #expect(throws: PublishingError.self) { try site.unpublished(ipns: [], sequence: site.sequence) }
    }

    @Test func fields_areOutOfRange_areRefusedByName() throws {
        func make(
            content: UInt64 = 1,
            copies: Int = 5,
            bytes: UInt64 = 1,
            ipns: Int = 0,
            label: String? = nil,
            versions: [(CID, Instant)] = [(cid(1), start)],
            root: CID? = cid(1)
        ) throws(PublishingError) {
            _ = try Publication(
                mesh: meshID,
                publisher: publisherID(1),
                sponsor: operatorID(1),
                sequence: 2,
                contentSequence: content,
                root: root,
                byteCount: bytes,
                copies: copies,
                leaseEnd: start,
                versions: versions.map { SiteVersion(root: $0.0, published: $0.1) },
                ipns: Array(repeating: 0, count: ipns),
                label: label
            )
        }
        try make()
        let raw = CID(codec: .raw, hash: .identity([1]))
        let attempts: [() throws -> Void] = [
            { try make(content: 3) }, { try make(copies: 0) }, { try make(copies: 33) },
            { try make(bytes: Publication.byteCountMax + 1) }, { try make(ipns: 10 * 1024 + 1) },
            { try make(label: "") },
            { try make(label: String(repeating: "x", count: 65)) }, { try make(label: "a\nb") },
            { try make(label: "\u{1B}[31m") }, { try make(versions: []) }, { try make(root: nil) },
            { try make(root: cid(2)) },
            { try make(versions: [(cid(1), start), (cid(1), start)]) },
            { try make(versions: [(cid(1), start), (cid(2), start + .seconds(1))]) },
            { try make(versions: (0..<65).map { (cid($0), start) }, root: cid(0)) },
            { try make(versions: [(raw, start)], root: raw) },
        ]
        for (index, attempt) in attempts.enumerated() {
            let error = #expect(throws: PublishingError.self, "attempt \(index)") { try attempt() }
            #expect(error?.code == .outOfRange, "attempt \(index)")
        }
    }
}
