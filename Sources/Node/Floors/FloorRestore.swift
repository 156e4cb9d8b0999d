import BlockStore
import Content
import Core
import Logging
import NIOCore
import Namespace
import Objects
import Publishing
import RecordStore
import Synchronization

/// Makes a whole copy of a site from its floor, when nobody has one any more.
///
/// Everything is verified: pieces against the segments' records, blocks against their CIDs, and the archive against the
/// versions that the publication lists. Whoever asks for the same site meanwhile waits for the same copy.
package final class FloorRestore: Sendable {
    /// Sites that are restored at once; further ones are refused.
    static let restoresMax = 4

    let mesh: MeshService
    let store: BlockStore
    let fetch: SegmentFetch
    let held: HeldSites
    let logger: Logger
    private let underWay = Mutex<[PublisherID: Promise<Void>]>([:])
    private let made = Atomic<UInt64>(0)

    package convenience init(
        mesh: MeshService,
        store: BlockStore,
        client: PieceClient,
        reader: SegmentReader,
        records: RecordStore,
        logger: Logger
    ) {
        self.init(
            mesh: mesh,
            store: store,
            fetch: SegmentFetch(search: SegmentSearch(mesh: mesh, client: client), reader: reader, grant: nil),
            held: HeldSites(records: records),
            logger: logger
        )
    }

    init(mesh: MeshService, store: BlockStore, fetch: SegmentFetch, held: HeldSites, logger: Logger) {
        self.mesh = mesh
        self.store = store
        self.fetch = fetch
        self.held = held
        self.logger = logger
    }

    private var work: BlockingWork { fetch.work }

    /// Copies that were made from floors since the start.
    package var restoredCount: UInt64 { made.load(ordering: .relaxed) }

    // MARK: - Questions

    /// The site that `root` belongs to, whose floor has it, and of which nobody has a copy any more, if there is one.
    ///
    /// - Parameter trustsSuspects: Whether holders count that are silent but not given up yet.
    func orphanedSite(ofRoot root: CID, trustsSuspects: Bool) -> PublisherID? {
        mesh.read { state in
            let now = state.mesh.meshNow(Clock.now())
            return state.repair.index.publishers(ofRoot: root).first { publisher in
                guard state.repair.index.isFloored(publisher, now: now),
                    !state.repair.holds(publisher, sequence: 0)
                else { return false }
                return state.repair.index.liveHolders(of: publisher).allSatisfy { holder in
                    !trustsSuspects && state.mesh.member(holder)?.isAlive != true
                }
            }
        }
    }

    // MARK: - Restoring

    /// Restores a site and holds it: the mesh is told, and keeps as many copies as are wanted from then on.
    ///
    /// - Throws: As ``restore(_:)``.
    package func restoreAndHold(_ publisher: PublisherID) async throws {
        try await restore(publisher)
        let site = mesh.read { state -> HeldSite? in
            let now = state.mesh.meshNow(Clock.now())
            guard let publication = state.repair.index.publication(of: publisher), publication.isPublished,
                !state.repair.holds(publisher, sequence: publication.contentSequence)
            else { return nil }
            return HeldSite(
                publisher: publisher,
                sequence: publication.sequence,
                roots: publication.retainedRoots(at: now),
                leaseEnd: publication.leaseEnd
            )
        }
        guard let site, try await isPinned(site.roots, publisher) else { return }
        let held = held
        try await work.run { try held.remember(site) }
        mesh.repair { repair, now in repair.imported(site, now: now) }
    }

    /// Brings every version of a site in from its floor and pins it, durable when it returns.
    ///
    /// - Throws: ``NodeError`` with the reason, ``ContentError`` for a floor that is not the site, ``BlockStoreError`` `.full`.
    package func restore(_ publisher: PublisherID) async throws {
        enum Place {
            case first(Promise<Void>)
            case waiting(Promise<Void>)
        }
        let place = try underWay.withLock { underWay -> Place in
            if let promise = underWay[publisher] { return .waiting(promise) }
            guard underWay.count < Self.restoresMax else {
                throw NodeError(.mesh, "\(Self.restoresMax) sites are being restored here already; try again")
            }
            let promise = Promise<Void>()
            underWay[publisher] = promise
            return .first(promise)
        }
        switch place {
        case .waiting(let promise): try await promise.value()
        case .first(let promise):
            // Whoever asked may go; the others, and the next one who asks, still want the copy.
            Task {
                do {
                    try await self.perform(publisher)
                    self.finish(publisher, promise, .success(()))
                } catch {
                    self.logger.notice(
                        "a site could not be restored from its floor",
                        metadata: ["site": "\(publisher)", "error": "\(error)"]
                    )
                    self.finish(publisher, promise, .failure(error))
                }
            }
            try await promise.value()
        }
    }

    private func finish(_ publisher: PublisherID, _ promise: Promise<Void>, _ result: Result<Void, any Error>) {
        underWay.withLock { _ = $0.removeValue(forKey: publisher) }
        promise.resolve(result)
    }

    private func perform(_ publisher: PublisherID) async throws {
        let (publication, record, now) = mesh.read { state in
            (
                state.repair.index.publication(of: publisher),
                state.mesh.record(RecordKey(kind: .floor, subject: publisher.bytes)),
                state.mesh.meshNow(Clock.now())
            )
        }
        guard let publication, publication.isPublished else {
            throw NodeError(.notFound, "\(publisher) is not published")
        }
        let wanted = publication.retainedRoots(at: now)
        if try await isPinned(wanted, publisher) { return }
        let floor = try record.map { try FloorRecord(decoding: $0).floor }
        guard let floor, floor.covers(publication, at: now) else {
            throw NodeError(.notFound, "\(publisher) has no durable floor of its newest version")
        }
        logger.notice("no copy of a site is left; it is restored from its floor", metadata: ["site": "\(publisher)"])
        let intake = try await work.run { [store] in try ArchiveIntake(floor, store: store) }
        do {
            let work = work
            try await FloorReading(fetch: fetch).read(floor) { bytes in try await work.run { try intake.take(bytes) } }
            let pins = wanted.map { Pin(root: $0, owner: CopyService.owner(of: publisher)) }
            try await work.run { try intake.commit(pins) }
        } catch {
            intake.abort()
            throw error
        }
        made.add(1, ordering: .relaxed)
        logger.notice(
            "a site was restored from its floor",
            metadata: ["site": "\(publisher)", "bytes": "\(floor.byteCount)"]
        )
    }

    private func isPinned(_ roots: [CID], _ publisher: PublisherID) async throws -> Bool {
        let store = store
        return try await work.run {
            let pinned = Set(try store.pins(ofOwner: CopyService.owner(of: publisher)).map(\.root))
            return !roots.isEmpty && pinned.isSuperset(of: roots)
        }
    }
}

/// Blocks of an archive on their way into the store; one window after the other.
private final class ArchiveIntake: Sendable {
    private let session: ImportSession
    private let reader: Mutex<ArchiveReader>

    /// - Throws: ``BlockStoreError`` `.full` when this node has no room for the site.
    init(_ floor: SiteFloor, store: BlockStore) throws {
        session = try store.beginImport(.pinned, expectedBytes: Int(floor.byteCount), at: Clock.now())
        reader = Mutex(ArchiveReader(roots: floor.roots))
    }

    /// - Throws: ``ContentError`` when the bytes are not what the site needs.
    func take(_ bytes: ByteBuffer) throws {
        try reader.withLock { reader in
            bytes.withUnsafeReadableBytes { reader.feed($0) }
            while let block = try reader.next() { try session.append(block) }
        }
    }

    func commit(_ pins: [Pin]) throws {
        try reader.withLock { try $0.finish() }
        _ = try session.commit(pins: pins, at: Clock.now())
    }

    func abort() { session.abort() }
}
