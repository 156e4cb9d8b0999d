import BlockStore
import Content
import Control
import Core
import Logging
import Mesh
import Publishing

/// Publishes folders: imports, places copies, signs and spreads the name; renews and ends what it published.
struct PublishService: Sendable {
    /// IPNS records are valid for a year and may be cached for a minute.
    static let validity = Duration.seconds(365 * 86_400)
    static let timeToLive = Duration.seconds(60)
    /// How often it is looked whether something has to be renewed.
    static let renewalPeriod = Duration.seconds(3_600)
    /// A record is renewed when less than this much of its lease or validity is left.
    static let renewalLeft = Duration.seconds(45 * 86_400)
    /// How long the spreading of a new record may hold up the answer.
    static let spreadingTimeout = Duration.milliseconds(1_500)

    let mesh: MeshService
    let store: BlockStore
    let keys: PublisherKeys
    let held: HeldSites
    let journal: PublishJournal
    let sponsor: SigningKey<OperatorRole>
    let requests: HoldRequest
    let work: BlockingWork
    let logger: Logger

    /// What was published, and where the copies are.
    struct Published: Sendable {
        let publication: Publication
        let copies: Int
        let reason: String?
    }

    /// Publishes a DAG that is pinned here for ``CopyService/owner(of:)``.
    func publish(
        _ root: CID,
        byteCount: UInt64,
        label: String,
        key: SigningKey<PublisherRole>,
        copies: Int,
        lease: Duration,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> Published {
        let now = meshNow
        let previous = mesh.read { $0.repair.index.publication(of: key.id) }
        if let previous, previous.root == root, previous.copies == copies, previous.label == label,
            previous.leaseEnd > now + lease - .seconds(86_400)
        {
            // Nothing changed; copies that are missing are repair's business.
            let count = mesh.read { $0.repair.index.copies(of: key.id) }
            return Published(publication: previous, copies: count?.live ?? 0, reason: nil)
        }
        let sequence = Publication.nextSequence(after: previous?.sequence, now: now)
        let order = PublishOrder(
            root: root,
            byteCount: byteCount,
            copies: copies,
            lease: lease,
            ipns: ipns(root, sequence, key),
            label: label
        )
        let publication = try Publication.publishing(
            order,
            mesh: mesh.read { $0.mesh.mesh },
            publisher: key.id,
            sponsor: sponsor.id,
            after: previous,
            sequence: sequence,
            now: now
        )
        let record = try PublicationRecord(signing: publication, publisher: key, sponsor: sponsor)
        try await work.run { try journal.begin(record) }
        let outcome: PublishMachine.Outcome
        do {
            outcome = try await PlacingCopies(mesh: mesh, requests: requests, logger: logger)
                .place(record, progress: progress)
            try Task.checkCancellation()
        } catch {
            try? await takeBack(publication, previous: previous, key: key)
            throw error
        }
        let site = HeldSite(own: publication)
        mesh.repair { repair, now in repair.imported(site, now: now) }
        try await spread(record)
        try await work.run {
            try held.remember(site)
            try journal.end(site.publisher)
        }
        return Published(publication: publication, copies: outcome.spread.copies, reason: outcome.reason)
    }

    /// A publish that was broken off leaves no copies: the next higher record says what was there before.
    private func takeBack(
        _ publication: Publication,
        previous: Publication?,
        key: SigningKey<PublisherRole>
    ) async throws {
        let sequence = Publication.nextSequence(after: publication.sequence, now: meshNow)
        let undone: Publication
        if let previous, let root = previous.root {
            undone = try previous.renewed(ipns: ipns(root, sequence, key), sequence: sequence, now: meshNow)
        } else {
            undone = try publication.unpublished(ipns: ipns(Self.emptyFolder, sequence, key), sequence: sequence)
        }
        let record = try PublicationRecord(signing: undone, publisher: key, sponsor: sponsor)
        mesh.deliverLater(try mesh.submit(.publication, record.bytes))
        try await work.run { try journal.end(key.id) }
    }

    /// Takes back what was being placed when this process was killed; to be called before anything else is published.
    func takeBackUnfinished() async throws {
        let open = try await work.run { try journal.open() }
        for publication in open {
            let known = mesh.read { $0.repair.index.publication(of: publication.publisher) }
            let key = try keys.all().first { $0.key.id == publication.publisher }?.key
            if let key, known.map({ $0.sequence < publication.sequence }) ?? true {
                try await takeBack(publication, previous: known, key: key)
                logger.info("took back a publish that was cut off", metadata: ["site": "\(publication.publisher)"])
            } else {
                try await work.run { try journal.end(publication.publisher) }
            }
        }
    }

    /// What the IPNS record of a site that ended points to.
    private static let emptyFolder = CID(
        hashing: DAGPBNode(links: [], data: UnixFSData(kind: .directory).encoded).encoded,
        codec: .dagPB
    )

    /// Ends a site: a higher, empty record.
    func unpublish(_ key: SigningKey<PublisherRole>) async throws {
        guard let previous = mesh.read({ $0.repair.index.publication(of: key.id) }), previous.isPublished else {
            throw NodeError(.notFound, "nothing is published under \(key.id)")
        }
        let sequence = Publication.nextSequence(after: previous.sequence, now: meshNow)
        let ipns = ipns(Self.emptyFolder, sequence, key)
        let publication = try previous.unpublished(ipns: ipns, sequence: sequence)
        try await spread(try PublicationRecord(signing: publication, publisher: key, sponsor: sponsor))
    }

    /// Renews what this node published as long as it runs.
    func run() async {
        while !Task.isCancelled {
            do { try await renewAll() } catch {
                logger.error("names could not be renewed", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.renewalPeriod)
        }
    }

    private func renewAll() async throws {
        for (_, key) in try keys.all() {
            let now = meshNow
            guard let publication = mesh.read({ $0.repair.index.publication(of: key.id) }),
                let root = publication.root, publication.sponsor == sponsor.id,
                publication.leaseEnd < now + Self.renewalLeft
            else { continue }
            let sequence = Publication.nextSequence(after: publication.sequence, now: now)
            let renewed = try publication.renewed(ipns: ipns(root, sequence, key), sequence: sequence, now: now)
            try await spread(try PublicationRecord(signing: renewed, publisher: key, sponsor: sponsor))
            logger.info("renewed a name", metadata: ["name": "\(key.id)"])
        }
    }

    private var meshNow: Instant { mesh.read { $0.mesh.meshNow(Clock.now()) } }

    private func ipns(_ root: CID, _ sequence: UInt64, _ key: SigningKey<PublisherRole>) -> [UInt8] {
        IPNSRecord(
            value: "/ipfs/\(root)",
            sequence: sequence,
            validity: meshNow + Self.validity,
            ttl: Self.timeToLive,
            key: key
        ).bytes
    }

    /// Tells all members; returns when each was told, or after ``spreadingTimeout``.
    private func spread(_ record: PublicationRecord) async throws {
        let messages = try mesh.submit(.publication, record.bytes)
        let mesh = mesh
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await mesh.deliver(messages) }
            group.addTask { try? await Task.sleep(for: Self.spreadingTimeout) }
            await group.next()
            group.cancelAll()
        }
    }
}
