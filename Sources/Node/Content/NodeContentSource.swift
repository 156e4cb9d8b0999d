import BlockStore
import Content
import Core
import Exchange
import Gateway
import NIOCore
import Publishing
import Transport

/// What the gateway serves from: this node's blocks, and everybody else's when they are missing here.
package struct NodeContentSource: ContentSource {
    /// Most blocks that are asked of one node at a time, so that the first ones can be served early.
    static let windowBlocks = 16
    /// How long a search with all its attempts may take; the gateway itself gives up a little later.
    package static let fetchTimeout = Duration.seconds(8)
    /// Most bytes of blocks that one answer may bring before they are stored.
    static let answerBytesMax = 64 << 20

    let mesh: MeshService
    let store: BlockStore
    let search: ProviderSearch
    let client: ExchangeClient
    let work: BlockingWork
    /// What a site is made from when nobody has a copy; `nil` for what is never restored.
    let floors: FloorRestore?
    private let fetchTimeout: Duration
    private let passing = PassingBlocks()

    package init(
        mesh: MeshService,
        store: BlockStore,
        search: ProviderSearch,
        client: ExchangeClient,
        work: BlockingWork,
        floors: FloorRestore? = nil,
        fetchTimeout: Duration = Self.fetchTimeout
    ) {
        self.mesh = mesh
        self.store = store
        self.search = search
        self.client = client
        self.work = work
        self.floors = floors
        self.fetchTimeout = fetchTimeout
    }

    // MARK: - Local

    package func localBlock(_ cid: CID) throws -> ByteBuffer? {
        do {
            guard let block = try store.read(cid, at: Clock.now()) else { return passing.block(cid) }
            passing.forget(cid)
            return block
        } catch let error as BlockStoreError where error.code == .corrupt {
            note(error)
            return passing.block(cid)  // else the mesh has it
        }
    }

    package func extents(of leaves: [CID]) throws -> [FileExtent]? {
        do {
            return try store.extents(of: leaves, at: Clock.now())?
                .map { FileExtent(file: $0.file, offset: $0.offset, length: $0.length) }
        } catch let error as BlockStoreError where error.code == .corrupt {
            note(error)
            return nil
        }
    }

    /// A block that could not be withdrawn stays listed as stored: what is fetched in its place has to pass.
    private func note(_ error: BlockStoreError) {
        guard let cid = error.cid, error.cause != nil else { return }
        passing.expect(cid)
    }

    package func isLocalRoot(_ cid: CID) -> Bool {
        (try? store.contains(cid)) ?? false
    }

    // MARK: - Names

    package func resolve(_ name: PublisherID) async -> NameResolution? {
        guard let publication = mesh.read({ $0.repair.index.publication(of: name) }), let root = publication.root,
            let record = try? IPNSRecord(decoding: publication.ipns, name: name)
        else { return nil }
        let left = record.validity.instant - mesh.read { $0.mesh.meshNow(Clock.now()) }
        guard left > .zero else { return nil }
        return NameResolution(
            root: root,
            ttl: Int(min(record.ttl, left).components.seconds),
            record: publication.ipns
        )
    }

    // MARK: - From others

    package func fetchEntity(root: CID, path: [String], bytes: ClosedRange<UInt64>?) async throws(ContentUnavailable) {
        let selection = TrustlessSelection(
            root: root,
            path: path,
            scope: .entity,
            bytes: bytes.map { .init(from: Int64(clamping: $0.lowerBound), to: Int64(clamping: $0.upperBound)) }
        )
        try await fetch(root) { provider in
            var blocks = BlockGathering(limit: Self.answerBytesMax)
            do {
                try await client.blocks(.entity(root: root, path: path, bytes: bytes), from: provider) { block in
                    guard blocks.add(block) else { throw AnswerFull() }
                }
            } catch is AnswerFull {
                // What came is a part of it; the rest is asked for block by block.
            }
            try await check(blocks, selection, from: provider)
            return blocks.list
        }
    }

    /// Blocks that are here already are no failure: another reader may have brought them in meanwhile, and what a walk
    /// lacks beyond them is asked for block by block.
    ///
    /// - Throws: ``ContentError`` when a block came that does not belong to the selection, ``NothingCame`` when none came.
    private func check(_ blocks: BlockGathering, _ selection: TrustlessSelection, from node: NodeID) async throws {
        guard !blocks.list.isEmpty else { throw NothingCame() }
        let store = store
        let reached = try await work.run {
            Set(
                EntityWalk.reach(selection) { cid in
                    if let block = blocks[cid] { return block.bytes }
                    guard let block = try? store.read(cid) else { throw BlockMissing(cid: cid) }
                    return Array(block.readableBytesView)
                }
            )
        }
        if let stray = blocks.list.first(where: { !reached.contains($0.cid) }) {
            client.recordWrongBytes(from: node)
            throw ContentError(.malformed, "\(node.short) sent the block \(stray.cid), which nobody asked for")
        }
    }

    package func fetchBlocks(_ cids: [CID], under root: CID) async throws(ContentUnavailable) {
        var seen: Set<CID> = []
        var rest = cids.filter { seen.insert($0).inserted }[...]
        while !rest.isEmpty {
            let window = Array(rest.prefix(Self.windowBlocks))
            rest = rest.dropFirst(Self.windowBlocks)
            let wanted = Set(window)
            try await fetch(root) { provider in
                var blocks = BlockGathering(limit: Self.answerBytesMax)
                try await client.blocks(.blocks(window), from: provider, expected: wanted) { block in
                    guard blocks.add(block) else { throw AnswerFull() }
                }
                guard wanted.allSatisfy(blocks.contains) else { throw NothingCame() }
                return blocks.list
            }
        }
    }

    /// A provider answered, but did not have what was asked for.
    private struct NothingCame: Error {}

    /// An answer reached ``answerBytesMax``.
    private struct AnswerFull: Error {}

    /// Brings blocks in from whoever has them; where nobody has the site, the site from its floor.
    private func fetch(
        _ root: CID,
        _ attempt: @escaping @Sendable (NodeID) async throws -> [Block]
    ) async throws(ContentUnavailable) {
        if let site = floors?.orphanedSite(ofRoot: root, trustsSuspects: true) {
            return try await restore(site, for: root)
        }
        do {
            try await fetchBlocks(root, attempt)
        } catch {
            guard error.code != .refused, let site = floors?.orphanedSite(ofRoot: root, trustsSuspects: false) else {
                throw error
            }
            try await restore(site, for: root)
        }
    }

    /// Waits for the whole site no longer than for blocks; it is brought in to its end all the same.
    private func restore(_ site: PublisherID, for root: CID) async throws(ContentUnavailable) {
        guard let floors else { return }
        do {
            try await withDeadline(fetchTimeout) { try await floors.restoreAndHold(site) }
        } catch is DeadlineExceeded {
            throw ContentUnavailable(.timedOut, "\(root) is being restored from the site's durable floor; try again")
        } catch let error as ContentError {
            throw ContentUnavailable(.unverifiable, "the durable floor of \(root) is not what was published: \(error)")
        } catch let error as NodeError where error.code == .notFound {
            throw ContentUnavailable(.notFound, "nobody in this mesh has \(root): \(error)")
        } catch let error as BlockStoreError {
            throw ContentUnavailable(.refused, "\(root) could not be kept here: \(error)")
        } catch {
            throw ContentUnavailable(.timedOut, "\(root) could not be made from the durable floor: \(error)")
        }
    }

    /// Asks providers of `root`, hedged, and when all of those failed, others; stores what the first good answer brought.
    private func fetchBlocks(
        _ root: CID,
        _ attempt: @escaping @Sendable (NodeID) async throws -> [Block]
    ) async throws(ContentUnavailable) {
        do {
            let blocks = try await withDeadline(fetchTimeout) {
                var failed: Set<NodeID> = []
                var failure: any Error = HedgeExhausted()
                while true {
                    let providers = await search.providers(of: root, except: failed)
                    guard !providers.isEmpty else { throw failure }
                    do {
                        return try await firstAnswer(of: providers, hedgeDelay: client.hedgeDelay, attempt: attempt)
                    } catch {
                        try Task.checkCancellation()
                        failure = error
                        failed.formUnion(providers)
                    }
                }
            }
            try await work.run { try keep(blocks) }
        } catch is HedgeExhausted {
            throw ContentUnavailable(.notFound, "nobody in this mesh has \(root)")
        } catch is NothingCame {
            throw ContentUnavailable(.notFound, "nobody in this mesh has all of \(root)")
        } catch is DeadlineExceeded {
            throw ContentUnavailable(.timedOut, "\(root) did not come in time; try again")
        } catch let error as ContentError {
            throw ContentUnavailable(.unverifiable, "what came for \(root) is not what was asked for: \(error)")
        } catch let error as TransportError {
            let code: ContentUnavailable.Code = error.status == 404 ? .notFound : .timedOut
            throw ContentUnavailable(code, "\(root) could not be fetched: \(error.message)")
        } catch {
            throw ContentUnavailable(.refused, "\(root) could not be kept here: \(error)")
        }
    }

    /// Keeps blocks as cache; a disk that is full or fails is no reason to turn a reader away.
    private func keep(_ blocks: [Block]) throws {
        do {
            let session = try store.beginImport(.cache, at: Clock.now())
            for block in blocks { try session.append(block) }
            try session.commit(at: Clock.now())
            // The store believes that it has the expected ones, and wrote nothing for them.
            let expected = passing.expected(of: blocks)
            passing.remove(blocks.map(\.cid).filter { !expected.contains($0) })
            passing.put(blocks.filter { expected.contains($0.cid) })
        } catch let error as BlockStoreError where [.diskFull, .full, .ioFailed].contains(error.code) {
            passing.put(blocks)
        }
    }
}

extension VolumeLease: ExtentFile {}

/// The blocks of one answer, up to a limit.
struct BlockGathering {
    private(set) var list: [Block] = []
    private var places: [CID: Int] = [:]
    private var byteCount = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    subscript(cid: CID) -> Block? { places[cid].map { list[$0] } }

    func contains(_ cid: CID) -> Bool { places[cid] != nil }

    /// - Returns: Whether there was room for the block.
    mutating func add(_ block: Block) -> Bool {
        byteCount += block.bytes.count
        guard byteCount <= limit else { return false }
        guard places[block.cid] == nil else { return true }
        places[block.cid] = list.count
        list.append(block)
        return true
    }
}
