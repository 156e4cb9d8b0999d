import BlockStore
import Content
import Core
import NIOCore
import Publishing
import Synchronization
import Transport

/// Reads every block of a site's versions to the end, each verified, and keeps nothing of them.
package struct SiteReading {
    /// Blocks that are asked for at a time.
    static let windowBlocks = 64
    /// Whose time ran out is slow and not faulty when it sent one in so many of the blocks that it was asked for: the last copy
    /// that is left is then asked for the rest.
    private static let progressPart = 4
    /// How often the last copy that is left may be slow in one window before it is given up.
    private static let slowRoundsMax = 8

    /// Called with the bytes of each block, or of each window of a floor; waits where reading is to be slower.
    let took: @Sendable (Int) async throws -> Void
    /// Leaves that were read, while further versions follow: they share most of them.
    private var leaves: Set<CID> = []

    package init(took: @escaping @Sendable (Int) async throws -> Void) {
        self.took = took
    }

    /// Reads from whole copies of others; where one fails the next takes over.
    ///
    /// - Throws: ``NodeError`` with what the last one failed with.
    package mutating func read(_ roots: [CID], from providers: [NodeID], _ client: ExchangeClient) async throws {
        guard !providers.isEmpty else { throw NodeError(.mesh, "no other node that is left has a whole copy") }
        var providers = client.order(providers)
        let took = took
        for root in roots {
            var plan = DAGFetch(root: root)
            try await walk(&plan, isLast: root == roots.last) { window, plan in
                try await Self.bring(window, &plan, &providers, client, took)
            }
        }
    }

    /// Reads this node's own copy.
    mutating func read(_ roots: [CID], in store: BlockStore, _ work: BlockingWork) async throws {
        let took = took
        for root in roots {
            var plan = DAGFetch(root: root)
            try await walk(&plan, isLast: root == roots.last) { window, plan in
                for cid in window {
                    guard let block = try await work.run({ try store.read(cid) }) else {
                        throw NodeError(.corrupt, "the block \(cid) is missing in this machine's own copy")
                    }
                    if cid.codec == .dagPB { try plan.arrived(cid, bytes: Array(block.readableBytesView)) }
                    try await took(block.readableBytes)
                }
            }
        }
    }

    /// Reads the archive in the floor, which has to be exactly the versions.
    func read(_ floor: SiteFloor, _ fetch: SegmentFetch) async throws {
        let archive = ArchiveCheck(floor.roots)
        try await FloorReading(fetch: fetch).read(floor) { bytes in
            try await fetch.work.run { try archive.take(bytes) }
            try await took(bytes.readableBytes)
        }
        try archive.finish()
    }

    // MARK: - Walking

    private mutating func walk(
        _ plan: inout DAGFetch,
        isLast: Bool,
        _ bring: ([CID], inout DAGFetch) async throws -> Void
    ) async throws {
        while case .check(let cids) = try plan.next() {
            let known = Set(cids.filter { leaves.contains($0) })
            for case .want(let wanted) in plan.answer(present: known) {
                var rest = wanted[...]
                while !rest.isEmpty {
                    let window = Array(rest.prefix(Self.windowBlocks))
                    rest = rest.dropFirst(Self.windowBlocks)
                    try await bring(window, &plan)
                    if !isLast { leaves.formUnion(window.filter { $0.codec != .dagPB }) }
                }
            }
        }
    }

    /// Asks one provider after the other until all of `cids` came; who failed is asked last from then on.
    private static func bring(
        _ cids: [CID],
        _ plan: inout DAGFetch,
        _ providers: inout [NodeID],
        _ client: ExchangeClient,
        _ took: @Sendable (Int) async throws -> Void
    ) async throws {
        var missing = cids
        var failure = "they sent less than was asked for"
        var left = providers.count
        var slowRoundsLeft = Self.slowRoundsMax
        while left > 0 {
            var arrived: Set<CID> = []
            var isSlow = false
            do {
                try await client.blocks(.blocks(missing), from: providers[0], expected: Set(missing)) { block in
                    if block.cid.codec == .dagPB { try plan.arrived(block.cid, bytes: block.bytes) }
                    arrived.insert(block.cid)
                    try await took(block.bytes.count)
                }
            } catch {
                try Task.checkCancellation()
                failure = "\(error)"
                let hasProgress = arrived.count * Self.progressPart >= missing.count
                isSlow = (error as? TransportError)?.code == .timedOut && hasProgress
            }
            missing.removeAll { arrived.contains($0) }
            if missing.isEmpty { return }
            if isSlow, providers.count == 1 || left == 1, slowRoundsLeft > 0 {
                slowRoundsLeft -= 1
                continue
            }
            providers.append(providers.removeFirst())
            left -= 1
        }
        throw NodeError(.mesh, "none of \(providers.count) whole copies gave the block \(missing[0]): \(failure)")
    }
}

/// Checks an archive block by block and drops it.
private final class ArchiveCheck: Sendable {
    private let reader: Mutex<ArchiveReader>

    init(_ roots: [CID]) {
        reader = Mutex(ArchiveReader(roots: roots))
    }

    func take(_ bytes: ByteBuffer) throws {
        try reader.withLock { reader in
            bytes.withUnsafeReadableBytes { reader.feed($0) }
            while try reader.next() != nil {}
        }
    }

    func finish() throws { try reader.withLock { try $0.finish() } }
}
