import BlockStore
import Core
import Logging
import Mesh
import Publishing
import Synchronization

/// Does what the repair engine decides: copies, states, retains and releases sites.
final class CopyService: Sendable {
    private let mesh: MeshService
    private let copier: SiteCopier
    private let store: BlockStore
    private let held: HeldSites
    private let desk: HoldDesk
    private let floors: FloorRestore
    private let key: SigningKey<NodeRole>
    private let work: BlockingWork
    private let logger: Logger
    private let underWay = Mutex<[PublisherID: SiteCopier.CallOff]>([:])

    init(
        mesh: MeshService,
        copier: SiteCopier,
        held: HeldSites,
        desk: HoldDesk,
        floors: FloorRestore,
        key: SigningKey<NodeRole>,
        work: BlockingWork,
        logger: Logger
    ) {
        self.mesh = mesh
        self.copier = copier
        store = copier.store
        self.held = held
        self.desk = desk
        self.floors = floors
        self.key = key
        self.work = work
        self.logger = logger
    }

    /// Who needs the DAGs of a site, in the block store's words.
    static func owner(of publisher: PublisherID) -> String { ownerPrefix + publisher.description }

    /// The site that an owner of pins stands for; `nil` for another kind of owner.
    static func publisher(of owner: String) -> PublisherID? {
        owner.hasPrefix(ownerPrefix) ? try? PublisherID(owner.dropFirst(ownerPrefix.count)) : nil
    }

    private static let ownerPrefix = "site/"

    func run() async {
        await withDiscardingTaskGroup { group in
            for await effect in mesh.repairs {
                if case .fetch(let publisher, let sequence, let roots, let providers) = effect {
                    let callOff = SiteCopier.CallOff()
                    underWay.withLock { $0[publisher] = callOff }
                    group.addTask { await self.copy(publisher, sequence, roots, from: providers, callOff) }
                } else {
                    await perform(effect)
                }
            }
            group.cancelAll()
        }
    }

    private func perform(_ effect: RepairEffect) async {
        do {
            switch effect {
            case .fetch, .wake: break
            case .cancel(let publisher):
                underWay.withLock { $0.removeValue(forKey: publisher) }?.callOff()
                desk.settle(publisher, failure: "the copy was called off")
            case .state(let holding):
                let record = try HoldingRecord(signing: holding, node: key)
                mesh.deliverLater(try mesh.submit(.holding, record.bytes))
                desk.settle(holding.publisher, failure: nil)
            case .retain(let site):
                try await work.run { try self.retain(site) }
                desk.settle(site.publisher, failure: nil)
            case .release(let publisher):
                try await work.run { try self.release(publisher) }
            case .refuse(let publisher, let reason):
                desk.settle(publisher, failure: reason.description)
            }
        } catch {
            logger.error("a decision about a copy could not be carried out", metadata: ["error": "\(error)"])
        }
    }

    private func copy(
        _ publisher: PublisherID,
        _ sequence: UInt64,
        _ roots: [CID],
        from providers: [NodeID],
        _ callOff: SiteCopier.CallOff
    ) async {
        do {
            if providers.isEmpty {
                try await floors.restore(publisher)
            } else {
                try await copier.copy(roots, owner: Self.owner(of: publisher), from: providers, callOff: callOff)
            }
            forget(publisher, callOff)
            logger.info("copied a site", metadata: ["site": "\(publisher)", "sequence": "\(sequence)"])
            mesh.repair { repair, now in repair.copySucceeded(publisher, sequence: sequence, now: now) }
            desk.settle(publisher, failure: nil)
        } catch {
            forget(publisher, callOff)
            guard !callOff.isCalledOff, !Task.isCancelled else { return }
            logger.info("a copy failed", metadata: ["site": "\(publisher)", "error": "\(error)"])
            mesh.repair { repair, now in repair.copyFailed(publisher, sequence: sequence, now: now) }
            desk.settle(publisher, failure: "\(error)")
        }
    }

    private func forget(_ publisher: PublisherID, _ callOff: SiteCopier.CallOff) {
        underWay.withLock { if $0[publisher] === callOff { $0[publisher] = nil } }
    }

    /// Pins exactly the site's roots; new ones before old ones go.
    private func retain(_ site: HeldSite) throws {
        let owner = Self.owner(of: site.publisher)
        let wanted = Set(site.roots)
        for root in site.roots { try store.pin(Pin(root: root, owner: owner)) }
        for pin in try store.pins(ofOwner: owner) where !wanted.contains(pin.root) { try store.unpin(pin) }
        try held.remember(site)
    }

    private func release(_ publisher: PublisherID) throws {
        for pin in try store.pins(ofOwner: Self.owner(of: publisher)) { try store.unpin(pin) }
        try held.forget(publisher)
    }
}
