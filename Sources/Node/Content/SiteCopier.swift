import BlockStore
import Content
import Core
import Exchange
import NIOCore
import Synchronization
import Transport

/// Brings whole DAGs in from other nodes and pins them, durable when it returns.
package struct SiteCopier: Sendable {
    /// A provider whose time for an answer ran out is asked again when it sent at least so many bytes.
    static let progressBytesMin = 4 << 20

    let store: BlockStore
    let client: ExchangeClient
    let work: BlockingWork

    package init(store: BlockStore, client: ExchangeClient, work: BlockingWork) {
        self.store = store
        self.client = client
        self.work = work
    }

    /// A copy that was called off.
    package final class CallOff: Sendable {
        private let flag = Atomic<Bool>(false)
        var isCalledOff: Bool { flag.load(ordering: .relaxed) }
        package init() {}

        package func callOff() { flag.store(true, ordering: .relaxed) }
    }

    /// Copies every DAG of `roots` and pins it for `owner`; all or nothing.
    ///
    /// - Parameter providers: whom to ask, in this order; the next one takes over where one fails.
    /// - Throws: ``NodeError``, ``BlockStoreError``, or the last provider's error.
    package func copy(_ roots: [CID], owner: String, from providers: [NodeID], callOff: CallOff) async throws {
        let store = store
        let missing = try await work.run {
            try roots.filter { try !store.state(ofDAG: $0, missingMax: 1).missing.isEmpty }
        }
        let session = try await work.run { try store.beginImport(.pinned, at: Clock.now()) }
        do {
            for root in missing {
                try await fetch(root, into: session, from: client.order(providers), callOff: callOff)
            }
            try Task.checkCancellation()
            let pins = roots.map { Pin(root: $0, owner: owner) }
            try await work.run { _ = try session.commit(pins: pins, at: Clock.now()) }
        } catch {
            session.abort()
            throw error
        }
    }

    private func fetch(
        _ root: CID,
        into session: ImportSession,
        from providers: [NodeID],
        callOff: CallOff
    ) async throws {
        var plan = DAGFetch(root: root)
        var providers = providers[...]
        var brought: Set<CID> = []
        while true {
            guard case .check(let cids) = try plan.next() else { return }
            let here = try await work.run { try session.presence(of: cids) }
            for step in plan.answer(present: here.present.union(brought.intersection(cids)), complete: here.whole) {
                switch step {
                case .read(let cids): try await read(cids, &plan)
                case .want(let cids):
                    try await bring(cids, into: session, &plan, &providers, callOff)
                    brought.formUnion(cids)
                case .check, .done: break
                }
            }
        }
    }

    /// Inner blocks that are here say what follows.
    private func read(_ cids: [CID], _ plan: inout DAGFetch) async throws {
        let store = store
        let blocks = try await work.run {
            try cids.map { cid in
                guard let block = try store.read(cid) else {
                    throw NodeError(.corrupt, "the block \(cid) is not readable any more")
                }
                return (cid, Array(block.readableBytesView))
            }
        }
        for (cid, bytes) in blocks { try plan.arrived(cid, bytes: bytes) }
    }

    /// Asks one provider after the other until all of `cids` came.
    private func bring(
        _ cids: [CID],
        into session: ImportSession,
        _ plan: inout DAGFetch,
        _ providers: inout ArraySlice<NodeID>,
        _ callOff: CallOff
    ) async throws {
        var missing = cids
        while !missing.isEmpty {
            if callOff.isCalledOff { throw NodeError(.mesh, "the copy was called off") }
            guard let provider = providers.first else {
                throw NodeError(.mesh, "nobody sent the block \(missing[0]), \(missing.count) are missing")
            }
            var arrived: Set<CID> = []
            var byteCount = 0
            var failure: (any Error)?
            do {
                try await client.blocks(.blocks(missing), from: provider, expected: Set(missing)) { block in
                    try session.append(block)
                    arrived.insert(block.cid)
                    byteCount += block.bytes.count
                    if block.cid.codec == .dagPB { try plan.arrived(block.cid, bytes: block.bytes) }
                }
            } catch let error where error is TransportError || error is ContentError {
                try Task.checkCancellation()
                failure = error
            }
            missing.removeAll { arrived.contains($0) }
            if failure == nil, missing.isEmpty { return }
            let isSlow = (failure as? TransportError)?.code == .timedOut && byteCount >= Self.progressBytesMin
            guard !isSlow else { continue }
            providers.removeFirst()
            // It sent everything and then did not come to an end: the others are asked first.
            if missing.isEmpty, failure is TransportError { providers.append(provider) }
        }
    }
}
