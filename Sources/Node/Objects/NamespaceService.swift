import Core
import Logging
import Mesh
import NIOCore
import Namespace
import Objects
import Owners
import Synchronization

/// The names of the owner of this machine: reads what all of its devices said, and says more.
final class NamespaceService: Sendable {
    /// How long a change may take to reach the members before the command goes on.
    static let spreadingTimeout = Duration.seconds(5)
    /// How long a root counts unless it is renewed: as long as the longest lease.
    static let rootLease = Duration.seconds(390 * 86_400)
    /// Most entries kept in memory; beyond that parts are fetched again.
    static let cachedEntriesMax = 2_000_000

    let mesh: MeshService
    private let vault: OwnerVault
    private let devices: DeviceRegistry
    private let segments: SegmentServices
    private let sponsor: SigningKey<OperatorRole>
    private let logger: Logger
    private let turn = Turn()
    private let cache = Mutex<[Digest: [NamespaceEntry]]>([:])

    init(
        mesh: MeshService,
        vault: OwnerVault,
        devices: DeviceRegistry,
        segments: SegmentServices,
        sponsor: SigningKey<OperatorRole>,
        logger: Logger
    ) {
        self.mesh = mesh
        self.vault = vault
        self.devices = devices
        self.segments = segments
        self.sponsor = sponsor
        self.logger = logger
    }

    /// What all devices of an owner said, as far as it is known here.
    struct Snapshot: Sendable {
        let owner: OwnerIdentity
        let view: NamespaceView
        fileprivate let parts: [(root: NamespaceRoot, contents: NamespaceContents, entries: [[NamespaceEntry]])]

        /// What of which segment is still wanted.
        var use: SegmentUse { SegmentUse(view, roots: parts.map(\.contents)) }

        /// Where the names themselves are, and with them whatever is small enough.
        var nameSegments: [SegmentReference] {
            parts.flatMap(\.contents.parts).flatMap(\.object.extents).map(\.segment)
        }
    }

    /// What is to be said of a name.
    struct Write: Sendable {
        let name: ObjectName
        let content: NamespaceEntry.Content
        var size: UInt64 = 0
        var mode: UInt16 = 0
        var modified = Instant(milliseconds: 0)
        var leaseEnd = Instant(milliseconds: 0)
        /// The name is left alone unless this is what it says now.
        var replaces: NamespaceStamp?
    }

    // MARK: - Reading

    /// - Throws: ``NodeError`` `.mesh` when a part of the names cannot be read now.
    func snapshot(of owner: OwnerIdentity) async throws -> Snapshot {
        let fetch = try segments.fetch(for: owner)
        var parts: [(root: NamespaceRoot, contents: NamespaceContents, entries: [[NamespaceEntry]])] = []
        for root in roots(of: owner.owner) {
            let contents = try root.open(with: owner.reading)
            var entries: [[NamespaceEntry]] = []
            for part in contents.parts { entries.append(try await self.entries(of: part, fetch)) }
            parts.append((root, contents, entries))
        }
        return Snapshot(owner: owner, view: NamespaceView(merging: parts.flatMap(\.entries)), parts: parts)
    }

    /// What is in memory of the names; nobody is asked.
    func remembered(of owner: OwnerIdentity) throws -> Snapshot {
        let parts = try roots(of: owner.owner).map { root in
            let contents = try root.open(with: owner.reading)
            let known = cache.withLock { cache in
                contents.parts.compactMap { cache[Digest(hashing: $0.object.key)] }
            }
            return (root: root, contents: contents, entries: known)
        }
        return Snapshot(owner: owner, view: NamespaceView(merging: parts.flatMap(\.entries)), parts: parts)
    }

    private func roots(of owner: OwnerID) -> [NamespaceRoot] {
        let (records, now) = mesh.read { ($0.mesh.records(of: .namespaceRoot), $0.mesh.meshNow(Clock.now())) }
        var roots = NamespaceRoots(owner: owner)
        let known = devices.list
        for record in records where record.header.key.subject.starts(with: owner.bytes) {
            guard let root = try? NamespaceRootRecord(decoding: record.bytes).root else { continue }
            roots.insert(root, devices: known, now: now)
        }
        return roots.current
    }

    private func entries(of part: PartReference, _ fetch: SegmentFetch) async throws -> [NamespaceEntry] {
        let key = Digest(hashing: part.object.key)
        if let entries = cache.withLock({ $0[key] }) { return entries }
        var reading = try ObjectReading(part.object, fetch: fetch)
        var bytes: [UInt8] = []
        while let chunk = try await reading.next() {
            guard bytes.count + chunk.readableBytes <= NamespacePart.bytesMax else {
                throw NodeError(.corrupt, "a part of the names is larger than \(NamespacePart.bytesMax) bytes")
            }
            bytes += chunk.readableBytesView
        }
        let entries = try NamespacePart(decoding: bytes).entries
        keep(entries, as: key)
        return entries
    }

    private func keep(_ entries: [NamespaceEntry], as key: Digest) {
        cache.withLock { cache in
            let count = cache.values.reduce(entries.count) { $0 + $1.count }
            if count > Self.cachedEntriesMax { cache = [:] }
            cache[key] = entries
        }
    }

    // MARK: - Writing

    /// Says all of `writes` at once; returns when the mesh knows.
    ///
    /// - Parameters:
    ///   - leaseEnd: Until when the names themselves are kept.
    ///   - batch: The segments that the names mention; it is committed.
    func write(
        _ writes: [Write],
        owner: OwnerIdentity,
        leaseEnd: Instant,
        batch: SegmentJournal.Batch
    ) async throws {
        guard !writes.isEmpty else { return }
        try await turn.take {
            let snapshot = try await snapshot(of: owner)
            let writes = writes.filter { write in
                write.replaces.map { $0 == snapshot.view.lookup(write.name)?.stamp } ?? true
            }
            guard !writes.isEmpty else { return }
            let own = snapshot.parts.first { $0.root.device == owner.device.id }
            let entries = try stamped(writes, after: snapshot, own: own?.contents, owner: owner)
            let (parts, merged) = try await appended(entries, to: own, snapshot, owner, leaseEnd, batch)
            let released = Self.released(writes, from: snapshot.view, parts: merged)
            let (journal, known) = (segments.journal, own?.root.version ?? 0)
            let version = try await segments.work.run {
                let version = max(known, try journal.expectedVersion()) + 1
                try batch.expect(rootVersion: version, releasing: released)
                return version
            }
            let highest = entries.map(\.stamp.counter).max() ?? 0
            try await publish(
                NamespaceContents(parts: parts, highestCounter: max(highest, own?.contents.highestCounter ?? 0)),
                version: version,
                owner: owner
            )
            try await segments.work.run { try batch.commit() }
            let gone = merged.map { Digest(hashing: $0.object.key) }
            cache.withLock { cache in for key in gone { cache[key] = nil } }
        }
    }

    /// Segments that may be needed no more once `writes` are said and `parts` are gone.
    private static func released(
        _ writes: [Write],
        from view: NamespaceView,
        parts: [PartReference]
    ) -> [SegmentReference] {
        let names = Set(writes.map(\.name))
        let said =
            writes.compactMap { view.lookup($0.name) }
            + view.conflicts.filter { names.contains($0.name) }.map(\.loser)
        var objects = parts.map(\.object)
        for entry in said { if case .object(let object) = entry.content { objects.append(object) } }
        let all = objects.flatMap(\.extents).map { ($0.segment.id, $0.segment) }
        return Dictionary(all, uniquingKeysWith: { first, _ in first }).values.sorted {
            $0.id.bytes.lexicographicallyPrecedes($1.id.bytes)
        }
    }

    private func stamped(
        _ writes: [Write],
        after snapshot: Snapshot,
        own: NamespaceContents?,
        owner: OwnerIdentity
    ) throws -> [NamespaceEntry] {
        var clock = NamespaceClock(device: owner.device.id)
        for sequence in snapshot.parts.flatMap(\.entries) { for entry in sequence { clock.see(entry.stamp) } }
        if let own { clock.see(own: own.highestCounter) }
        let written = mesh.read { $0.mesh.meshNow(Clock.now()) }
        let last = Dictionary(writes.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        return try last.values.sorted { $0.name < $1.name }.map { write in
            let (stamp, base) = clock.next()
            return try NamespaceEntry(
                name: write.name,
                stamp: stamp,
                base: base,
                written: written,
                content: write.content,
                size: write.size,
                mode: write.mode,
                modified: write.modified,
                leaseEnd: write.leaseEnd
            )
        }
    }

    /// This device's parts with `entries` among them; small ones are merged where there are many.
    ///
    /// - Returns: The parts, and those that are gone.
    private func appended(
        _ entries: [NamespaceEntry],
        to own: (root: NamespaceRoot, contents: NamespaceContents, entries: [[NamespaceEntry]])?,
        _ snapshot: Snapshot,
        _ owner: OwnerIdentity,
        _ leaseEnd: Instant,
        _ batch: SegmentJournal.Batch
    ) async throws -> (parts: [PartReference], gone: [PartReference]) {
        let present = own?.contents.parts ?? []
        let sequences = own?.entries ?? []
        guard let plan = CompactionPlan(present) else {
            return (present + [try await store(entries, level: 0, owner, leaseEnd, batch)], [])
        }
        let rest = present.indices.filter { !plan.merges.contains($0) }
        let others = snapshot.parts.filter { $0.root.device != owner.device.id }.flatMap(\.entries)
        let merged = Compaction.merge(
            plan.merges.map { sequences[$0] } + [entries],
            rest: rest.map { sequences[$0] } + others,
            now: mesh.read { $0.mesh.meshNow(Clock.now()) }
        )
        let kept = rest.map { present[$0] }
        let part = try await store(merged, level: plan.level, owner, leaseEnd, batch)
        return (kept + [part], plan.merges.map { present[$0] })
    }

    private func store(
        _ entries: [NamespaceEntry],
        level: UInt8,
        _ owner: OwnerIdentity,
        _ leaseEnd: Instant,
        _ batch: SegmentJournal.Batch
    ) async throws -> PartReference {
        let bytes = try NamespacePart(entries).encoded()
        let packer = ObjectPacker(storing: segments.storing, owner: owner, leaseEnd: leaseEnd, batch: batch)
        try await packer.write(bytes)
        let packed = try await packer.finish()
        let object = try ObjectPacker.sealed(packed, in: try await packer.close())
        keep(entries, as: Digest(hashing: object.key))
        return PartReference(
            object: object,
            entryCount: UInt64(entries.count),
            byteCount: UInt64(bytes.count),
            level: level
        )
    }

    /// Signs and spreads this device's root.
    private func publish(_ contents: NamespaceContents, version: UInt64, owner: OwnerIdentity) async throws {
        var generator = SystemRandomNumberGenerator()
        let (meshID, now) = mesh.read { ($0.mesh.mesh, $0.mesh.meshNow(Clock.now())) }
        let root = try NamespaceRoot.sealing(
            contents,
            version: version,
            mesh: meshID,
            expires: now + Self.rootLease,
            reading: owner.reading,
            certificate: owner.certificate,
            device: owner.device,
            using: &generator
        )
        try await spread(.namespaceRoot, NamespaceRootRecord(sponsoring: root, sponsor: sponsor).bytes)
    }

    /// Publishes this device's root anew, with the same contents, when it expires soon.
    func republish(_ owner: OwnerIdentity, expiringBefore soon: Instant) async throws {
        try await turn.take {
            guard let root = roots(of: owner.owner).first(where: { $0.device == owner.device.id }), root.expires <= soon
            else { return }
            let journal = segments.journal
            let version = try await segments.work.run { max(root.version, try journal.expectedVersion()) + 1 }
            try await publish(root.open(with: owner.reading), version: version, owner: owner)
        }
    }

    /// Tells the mesh of a device, or that it is one no more.
    func publish(_ certificate: DeviceCertificate) async throws {
        let (meshID, now) = mesh.read { ($0.mesh.mesh, $0.mesh.meshNow(Clock.now())) }
        let record = try DeviceRecord(
            sponsoring: certificate,
            mesh: meshID,
            expires: now + Self.rootLease,
            sponsor: sponsor
        )
        try await spread(.device, record.bytes)
    }

    private func spread(_ kind: RecordKind, _ bytes: [UInt8]) async throws {
        let messages = try mesh.submit(kind, bytes)
        _ = try? await withDeadline(Self.spreadingTimeout) { await self.mesh.deliver(messages) }
    }

    /// The newest root version of a device, 0 where it has none.
    func rootVersion(of device: DeviceID, owner: OwnerID) -> UInt64 {
        roots(of: owner).first { $0.device == device }?.version ?? 0
    }
}
