import BlockStore
import Content
import Core
import Exchange
import Gateway
import NIOCore
import Publishing
import Transport

/// What the gateway serves from: this node's blocks, and everybody else's when they are missing here.
struct NodeContentSource: ContentSource {
    /// Most blocks that are asked of one node at a time, so that the first ones can be served early.
    static let windowBlocks = 16
    /// How long a search with all its attempts may take; the gateway itself gives up a little later.
    static let fetchTimeout = Duration.seconds(8)
    /// Most bytes of blocks that one answer may bring before they are stored.
    static let answerBytesMax = 64 << 20

    let mesh: MeshService
    let store: BlockStore
    let search: ProviderSearch
    let client: ExchangeClient
    let work: BlockingWork

    // MARK: - Local

    func localBlock(_ cid: CID) throws -> ByteBuffer? {
        do {
            return try store.read(cid, at: Clock.now())
        } catch let error as BlockStoreError where error.code == .corrupt {
            return nil  // it was withdrawn; the mesh has it
        }
    }

    func extents(of leaves: [CID]) throws -> [FileExtent]? {
        do {
            return try store.extents(of: leaves, at: Clock.now())?
                .map { FileExtent(file: $0.file, offset: $0.offset, length: $0.length) }
        } catch let error as BlockStoreError where error.code == .corrupt {
            return nil
        }
    }

    func isLocalRoot(_ cid: CID) -> Bool {
        (try? store.contains(cid)) ?? false
    }

    // MARK: - Names

    func resolve(_ name: PublisherID) async -> NameResolution? {
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

    func fetchEntity(root: CID, path: [String], bytes: ClosedRange<UInt64>?) async throws(ContentUnavailable) {
        try await fetch(root) { provider in
            var blocks = BlockGathering(limit: Self.answerBytesMax)
            try await client.blocks(.entity(root: root, path: path, bytes: bytes), from: provider) { block in
                try blocks.add(block)
            }
            guard blocks.contains(root) || path.isEmpty == false && !blocks.isEmpty else { throw NothingCame() }
            return blocks.list
        }
    }

    func fetchBlocks(_ cids: [CID], under root: CID) async throws(ContentUnavailable) {
        var rest = cids[...]
        while !rest.isEmpty {
            let window = Array(rest.prefix(Self.windowBlocks))
            rest = rest.dropFirst(Self.windowBlocks)
            let wanted = Set(window)
            try await fetch(root) { provider in
                var blocks = BlockGathering(limit: Self.answerBytesMax)
                try await client.blocks(.blocks(window), from: provider, expected: wanted) { try blocks.add($0) }
                guard wanted.allSatisfy(blocks.contains) else { throw NothingCame() }
                return blocks.list
            }
        }
    }

    /// A provider answered, but did not have what was asked for.
    private struct NothingCame: Error {}

    /// Asks providers of `root`, hedged, and stores what the first good answer brought.
    private func fetch(
        _ root: CID,
        _ attempt: @escaping @Sendable (NodeID) async throws -> [Block]
    ) async throws(ContentUnavailable) {
        do {
            let blocks = try await withDeadline(Self.fetchTimeout) {
                let providers = await search.providers(of: root)
                return try await firstAnswer(of: providers, hedgeDelay: client.hedgeDelay, attempt: attempt)
            }
            let store = store
            try await work.run {
                let session = try store.beginImport(.cache, at: Clock.now())
                for block in blocks { try session.append(block) }
                try session.commit(at: Clock.now())
            }
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
}

extension VolumeLease: ExtentFile {}

/// The blocks of one answer, up to a limit.
struct BlockGathering {
    private(set) var list: [Block] = []
    private var cids: Set<CID> = []
    private var byteCount = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { list.isEmpty }

    func contains(_ cid: CID) -> Bool { cids.contains(cid) }

    /// - Throws: ``ContentError`` `.tooLarge` over the limit.
    mutating func add(_ block: Block) throws(ContentError) {
        byteCount += block.bytes.count
        guard byteCount <= limit else { throw ContentError(.tooLarge, "an answer of more than \(limit) bytes") }
        if cids.insert(block.cid).inserted { list.append(block) }
    }
}
