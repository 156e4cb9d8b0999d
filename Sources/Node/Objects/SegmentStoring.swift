import Core
import Logging
import NIOCore
import Namespace
import Objects
import Placement
import Publishing
import Synchronization

/// Codes filled segments and brings them to the mesh; what is acknowledged goes on in the background to full strength.
package final class SegmentStoring: Sendable {
    /// Reserves that stand in for nodes that do not take their piece, per segment.
    static let reservesMax = 32
    /// How long the holders are waited for while they learn of each other.
    static let introductionTimeMax = Duration.seconds(3)

    fileprivate struct Job: Sendable {
        let buffer: SegmentBuffer
        let owner: OwnerIdentity
        let leaseEnd: Instant
        let batch: SegmentJournal.Batch
        let isPublic: Bool
        let resumption: SegmentResumption?
        let acknowledged = Promise<StoredSegment>()
        let released = Promise<Void>()
    }

    let mesh: MeshService
    let client: PieceClient
    let coders: CoderCache
    let search: SegmentSearch
    let work: BlockingWork
    let logger: Logger
    private let jobs: AsyncStream<Job>
    private let input: AsyncStream<Job>.Continuation

    package init(
        mesh: MeshService,
        client: PieceClient,
        coders: CoderCache,
        search: SegmentSearch,
        work: BlockingWork,
        logger: Logger
    ) {
        self.mesh = mesh
        self.client = client
        self.coders = coders
        self.search = search
        self.work = work
        self.logger = logger
        (jobs, input) = AsyncStream.makeStream(of: Job.self)
    }

    /// A segment on its way.
    struct Upload: Sendable {
        private let job: Job

        fileprivate init(_ job: Job) {
            self.job = job
        }

        /// Waits until the segment is acknowledged.
        func acknowledged() async throws -> StoredSegment { try await job.acknowledged.value() }

        /// Waits until the buffer may be filled anew.
        func released() async throws { try await job.released.value() }
    }

    /// Begins to seal and store what is in `buffer`, which must not be touched until it is released.
    ///
    /// - Parameters:
    ///   - isPublic: Whether it is not sealed, and every node of the mesh may read it.
    ///   - resumption: What is stored already and is taken instead when it is the same.
    func store(
        _ buffer: SegmentBuffer,
        owner: OwnerIdentity,
        leaseEnd: Instant,
        batch: SegmentJournal.Batch,
        isPublic: Bool = false,
        resumption: SegmentResumption?
    ) -> Upload {
        let job = Job(
            buffer: buffer,
            owner: owner,
            leaseEnd: leaseEnd,
            batch: batch,
            isPublic: isPublic,
            resumption: resumption
        )
        if case .terminated = input.yield(job) {
            job.acknowledged.resolve(.failure(CancellationError()))
            job.released.resolve(.success(()))
        }
        return Upload(job)
    }

    /// Works until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs {
                group.addTask {
                    defer { job.released.resolve(.success(())) }
                    do {
                        try await self.perform(job)
                    } catch {
                        job.acknowledged.resolve(.failure(error))
                    }
                }
            }
            group.cancelAll()
        }
    }

    // MARK: - One segment

    private func perform(_ job: Job) async throws {
        let fingerprint = try await job.resumption?.fingerprint(of: job.buffer)
        if let fingerprint,
            let stored = try await job.resumption?.take(
                fingerprint,
                of: job.buffer,
                leaseEnd: job.leaseEnd,
                batch: job.batch
            )
        {
            return job.acknowledged.resolve(.success(stored))
        }
        var generator = SystemRandomNumberGenerator()
        let keys = SegmentKeys(using: &generator)
        try await work.run { try job.buffer.seal(with: keys) }
        try await upload(job, keys, fingerprint)
    }

    private func upload(_ job: Job, _ keys: SegmentKeys, _ fingerprint: Digest?) async throws {
        let code = SegmentCode.forMesh(nodes: mesh.read { $0.repair.index.candidates.lendingCount })
        let coding = try SegmentCoding(job.buffer, code: code, coder: coders.coder(code))
        let roots = try await roots(of: coding)
        let record = try record(coding.layout, roots, job)
        let reference = try SegmentReference(record)
        let remains = try fingerprint.flatMap { try job.resumption?.remains(of: reference, $0, keys) }
        try await work.run { try job.batch.note(reference, remains: remains) }
        defer { job.batch.sent(reference) }
        let placement = place(record)
        let warnings = placement.spread.shortfalls.map(\.description)
        let machine = UploadMachine(
            candidates: placement.chosen,
            reserves: placement.reserves,
            dataCount: code.dataCount,
            totalCount: code.totalCount,
            acknowledgedAt: code.acknowledgedAt
        )
        let upload = SegmentUpload(record: record, coding: coding, client: client, work: work, logger: logger)
        let outcome = try await withThrowingTaskGroup(of: SegmentUpload.Outcome?.self) { group in
            let (acks, ack) = AsyncStream.makeStream(of: [PieceStatement].self)
            group.addTask {
                for await statements in acks {
                    self.learn(record, statements)
                    await self.client.introduce(statements, within: Self.introductionTimeMax)
                    let stored = StoredSegment(
                        record: record,
                        durableCount: statements.count,
                        warnings: warnings,
                        keys: keys
                    )
                    job.acknowledged.resolve(.success(stored))
                }
                return nil
            }
            group.addTask {
                defer { ack.finish() }
                return try await upload.run(machine) { ack.yield($0) }
            }
            var outcome: SegmentUpload.Outcome?
            while let next = try await group.next() { if let next { outcome = next } }
            guard let outcome else { throw CancellationError() }
            return outcome
        }
        job.released.resolve(.success(()))
        learn(record, outcome.statements)
        await client.introduce(outcome.statements, within: Self.introductionTimeMax)
        if let reason = outcome.reason {
            logger.info("a segment has debt", metadata: ["segment": "\(record.id)", "reason": "\(reason)"])
        }
    }

    private func roots(of coding: SegmentCoding) async throws -> [Digest] {
        let count = coding.layout.unitCount
        let middle = count / 2
        let work = work
        async let first = work.run { try coding.hashes(of: 0..<middle) }
        async let second = work.run { try coding.hashes(of: middle..<count) }
        let hashes = try await (first, second)
        return zip(hashes.0, hashes.1).map { PieceTree.root(unitHashes: $0 + $1) }
    }

    private func record(_ layout: SegmentLayout, _ roots: [Digest], _ job: Job) throws -> SegmentRecord {
        var generator = SystemRandomNumberGenerator()
        let (meshID, now) = mesh.read { ($0.mesh.mesh, $0.mesh.meshNow(Clock.now())) }
        return try SegmentRecord(
            mesh: meshID,
            layout: layout,
            roots: roots,
            created: now,
            leaseEnd: job.leaseEnd,
            isPublic: job.isPublic,
            certificate: job.owner.certificate,
            device: job.owner.device,
            using: &generator
        )
    }

    private func place(_ record: SegmentRecord) -> PiecePlacement {
        let code = record.code
        return mesh.read { state in
            state.repair.index.candidates.placePieces(
                PlacementKey(record.id.bytes),
                count: code.totalCount,
                perDomainMax: code.totalCount - code.dataCount,
                reserves: Self.reservesMax,
                weightMin: UInt64(record.layout.pieceByteCount)
            )
        }
    }

    private func learn(_ record: SegmentRecord, _ statements: [PieceStatement]) {
        var known = KnownSegment(record)
        known.merge(statements.map(\.bytes), now: mesh.meshNow)
        search.remember(known)
    }
}
