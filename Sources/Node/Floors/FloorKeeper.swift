import BlockStore
import Core
import Logging
import Mesh
import Namespace
import Objects
import Publishing
import Synchronization

/// Keeps the floor of every site that is published from this node: stores it once the whole copies are placed, announces it,
/// renews it, and removes it with the site.
///
/// Works in the background, one site after the other, and goes on after a restart where it was.
final class FloorKeeper: Sendable {
    /// Under so many nodes that lend space there is nothing below whole copies.
    static let nodesMin = 3
    /// How often it is looked at everything when nothing happens, and when something could not be done.
    static let period = Duration.seconds(60)
    static let retryPeriod = Duration.seconds(5)
    /// So long nothing must have been published before floors are stored, unless it goes on for longer than can be waited.
    static let quietTime = Duration.seconds(5)
    static let quietWaitMax = Duration.seconds(60)
    /// How long after its start a node waits: its mesh has then told it what it missed.
    static let startDelay = Duration.seconds(3)
    /// How often leases are looked at.
    static let leasePeriod = Duration.seconds(86_400)
    static let leaseRetryPeriod = Duration.seconds(600)

    let mesh: MeshService
    let store: BlockStore
    let keys: PublisherKeys
    let vault: OwnerVault
    let journal: FloorJournal
    let segments: SegmentServices
    let removal: SegmentRemoval
    let inspection: SegmentInspection
    let leases: LeaseKeeping
    let sponsor: SigningKey<OperatorRole>
    let logger: Logger
    private let states = Mutex<[PublisherID: FloorState]>([:])
    private let wakeUp = WakeUp()

    init(
        mesh: MeshService,
        store: BlockStore,
        keys: PublisherKeys,
        vault: OwnerVault,
        journal: FloorJournal,
        segments: SegmentServices,
        removal: SegmentRemoval,
        leases: LeaseKeeping,
        sponsor: SigningKey<OperatorRole>,
        logger: Logger
    ) {
        self.mesh = mesh
        self.store = store
        self.keys = keys
        self.vault = vault
        self.journal = journal
        self.segments = segments
        self.removal = removal
        self.leases = leases
        inspection = SegmentInspection(mesh: mesh, segments: segments)
        self.sponsor = sponsor
        self.logger = logger
    }

    var work: BlockingWork { segments.work }
    var now: Instant { mesh.read { $0.mesh.meshNow(Clock.now()) } }

    /// How far the floor of a site of this node is.
    func state(of publisher: PublisherID) -> FloorState { states.withLock { $0[publisher] } ?? .waiting }

    func note(_ state: FloorState, of publisher: PublisherID) { states.withLock { $0[publisher] = state } }

    /// Something was published or ended here.
    func wake() { wakeUp.wake() }

    // MARK: - Running

    /// Works until the task is cancelled.
    func run() async {
        try? await Task.sleep(for: Self.startDelay)
        var nextLeases = ContinuousClock.now
        while !Task.isCancelled {
            let isDone = await keepAll(renewing: ContinuousClock.now >= nextLeases)
            if ContinuousClock.now >= nextLeases {
                nextLeases = ContinuousClock.now + (isDone ? Self.leasePeriod : Self.leaseRetryPeriod)
            }
            await sleep(for: isDone ? Self.period : Self.retryPeriod)
        }
    }

    /// Waits for something to do, and then until nothing more is being published: whole copies go first.
    private func sleep(for time: Duration) async {
        guard await wakeUp.wait(within: time) else { return }
        let latest = ContinuousClock.now + Self.quietWaitMax
        while ContinuousClock.now < latest, await wakeUp.wait(within: Self.quietTime) {}
    }

    /// - Returns: Whether nothing is left to be done soon.
    private func keepAll(renewing: Bool) async -> Bool {
        var isDone = true
        do {
            try await sweep()
            for (_, key) in try keys.all() where !Task.isCancelled {
                do {
                    if try await !keep(key, renewing: renewing) { isDone = false }
                } catch {
                    guard !Task.isCancelled else { return false }
                    isDone = false
                    note(.none("it could not be stored yet, it is tried again: \(error)"), of: key.id)
                    logger.info(
                        "a floor could not be brought up to date; it is tried again",
                        metadata: ["site": "\(key.id)", "error": "\(error)"]
                    )
                }
            }
        } catch {
            isDone = false
            logger.warning("floors could not be looked at", metadata: ["error": "\(error)"])
        }
        return isDone
    }

    /// One site of this node.
    ///
    /// - Returns: Whether nothing is left to be done soon.
    private func keep(_ key: SigningKey<PublisherRole>, renewing: Bool) async throws -> Bool {
        let publication = mesh.read { $0.repair.index.publication(of: key.id) }
        var entry = try await entry(of: key.id)
        // Without a record nothing is known: what is stored ends with its lease.
        guard let publication, publication.sponsor == sponsor.id else { return true }
        guard publication.isPublished else {
            try await end(key, publication, &entry)
            return true
        }
        let wanted = publication.retainedRoots(at: now)
        if let stored = entry.stored, Set(stored.roots).isSuperset(of: wanted), stored.roots.first == wanted.first {
            if entry.storing != nil { try await drop(&entry, of: key.id) }
        } else {
            guard nodeCount >= Self.nodesMin else {
                note(
                    .none("a floor takes \(Self.nodesMin) nodes that lend space, this mesh has \(nodeCount)"),
                    of: key.id
                )
                return false
            }
            guard try await FloorStoring(keeper: self, key: key).store(publication, wanted, &entry) else { return true }
        }
        guard let stored = entry.stored else { return true }
        try await announce(stored, key, publication)
        note(.stored(segments: stored.segments.count), of: key.id)
        try await remove(&entry, of: key.id)
        if renewing { try await renew(stored, until: publication.leaseEnd) }
        return true
    }

    /// Nodes that lend space.
    private var nodeCount: Int { mesh.read { $0.repair.index.candidates.lendingCount } }

    // MARK: - The record

    /// Tells the mesh what is stored, unless it knows.
    private func announce(
        _ archive: FloorJournal.Archive?,
        _ key: SigningKey<PublisherRole>,
        _ publication: Publication
    ) async throws {
        let (meshID, bytes) = mesh.read { state in
            (state.mesh.mesh, state.mesh.record(RecordKey(kind: .floor, subject: key.id.bytes)))
        }
        let known = try bytes.map { try FloorRecord(decoding: $0).floor }
        let roots = archive?.roots ?? []
        let segments = archive?.segments ?? []
        if archive == nil, known?.isEmpty ?? true { return }
        if let known, known.roots == roots, known.segments == segments, known.leaseEnd >= publication.leaseEnd {
            return
        }
        let floor = try SiteFloor(
            mesh: meshID,
            publisher: key.id,
            sponsor: sponsor.id,
            sequence: Publication.nextSequence(after: known?.sequence, now: now),
            roots: roots,
            byteCount: archive?.byteCount ?? 0,
            segments: segments,
            leaseEnd: publication.leaseEnd
        )
        let record = try FloorRecord(signing: floor, publisher: key, sponsor: sponsor)
        let messages = try mesh.submit(.floor, record.bytes)
        _ = try? await withDeadline(PublishService.spreadingTimeout) { [mesh] in await mesh.deliver(messages) }
        logger.info(
            archive == nil ? "the floor of a site ended" : "the floor of a site is stored",
            metadata: ["site": "\(key.id)", "segments": "\(segments.count)"]
        )
    }

    // MARK: - The end

    /// The site was unpublished: its floor goes.
    private func end(
        _ key: SigningKey<PublisherRole>,
        _ publication: Publication,
        _ entry: inout FloorJournal.Entry
    ) async throws {
        try await announce(nil, key, publication)
        if !entry.isEmpty {
            entry = FloorJournal.Entry(removing: entry.segments)
            try await save(entry, of: key.id)
            try await remove(&entry, of: key.id)
        }
        note(.none("the site is not published"), of: key.id)
    }

    /// Gives up what was being stored of a version that is not wanted any more.
    func drop(_ entry: inout FloorJournal.Entry, of publisher: PublisherID) async throws {
        entry.removing += entry.storing?.segments ?? []
        entry.storing = nil
        try await save(entry, of: publisher)
        // No record names them, so they need not wait for the next one.
        let announced = Set(entry.stored?.segments ?? [])
        guard !entry.removing.contains(where: announced.contains) else { return }
        try await remove(&entry, of: publisher)
    }

    /// Sets tombstones on what no floor needs any more.
    private func remove(_ entry: inout FloorJournal.Entry, of publisher: PublisherID) async throws {
        guard !entry.removing.isEmpty, let owner = vault.identity else { return }
        // While nobody can be reached the journal keeps them: it is the last that knows of them.
        guard try await removal.remove(entry.removing.map { try $0.reference }, owner: owner) else { return }
        entry.removing = []
        try await save(entry, of: publisher)
    }

    /// Sets tombstones on segments that were begun when the node was killed.
    private func sweep() async throws {
        guard let owner = vault.identity else { return }
        let (journal, batches) = (journal, segments.journal)
        let abandoned = try await work.run {
            let named = try journal.segments()
            let entries = try batches.abandoned().map(\.segment)
            return (nobodys: entries.filter { !named.contains($0.id) }, all: entries)
        }
        guard !abandoned.all.isEmpty else { return }
        guard try await removal.remove(abandoned.nobodys, owner: owner) else { return }
        try await work.run { try batches.forget(abandoned.all) }
    }

    // MARK: - Leases

    /// Renews the leases of segments that end soon and before the site's.
    private func renew(_ archive: FloorJournal.Archive, until end: Instant) async throws {
        guard let owner = vault.identity else { return }
        let soon = min(now + LeaseKeeping.margin, end)
        var due: [SegmentReference] = []
        for segment in archive.segments {
            try Task.checkCancellation()
            let reference = try segment.reference
            if let lease = try? await inspection.leaseEnd(of: reference, owner: owner), lease < soon {
                due.append(reference)
            }
        }
        for start in stride(from: 0, to: due.count, by: LeaseKeeping.segmentsPerRenewal) {
            let batch = Array(due[start..<min(start + LeaseKeeping.segmentsPerRenewal, due.count)])
            try await leases.renew(batch, owner, until: end)
        }
    }

    // MARK: - The journal

    private func entry(of publisher: PublisherID) async throws -> FloorJournal.Entry {
        let journal = journal
        return try await work.run { try journal.entry(of: publisher) }
    }

    func save(_ entry: FloorJournal.Entry, of publisher: PublisherID) async throws {
        let journal = journal
        try await work.run { try journal.set(entry, of: publisher) }
    }
}

extension SiteFloor.Segment {
    /// For readers, which take the segment's true length from its record.
    var reference: SegmentReference {
        get throws { try SegmentReference(id: id, k: k, n: n, paddedBytes: SegmentReference.paddedBytesMax) }
    }
}
