import BlockStore
import Core
import Publishing

/// Brings pins in line with the sites that this node holds, where it was killed between the two.
///
/// A pinned site whose publication is in force is held. Any other pin is left from an import or a copy that nobody
/// acknowledged, and goes.
struct PinReconciliation {
    let store: BlockStore
    let mesh: MeshService
    let held: HeldSites
    let keys: PublisherKeys

    /// - Throws: The stores' own errors.
    func run(now: Instant) throws {
        let sites = Dictionary(try held.load().map { ($0.publisher, $0) }, uniquingKeysWith: { _, last in last })
        let own = Set(try keys.all().map(\.key.id))
        for (owner, pins) in Dictionary(grouping: try store.pins(), by: \.owner) {
            guard let publisher = CopyService.publisher(of: owner) else { continue }
            var roots = sites[publisher]?.roots ?? []
            let known = sites[publisher]?.sequence ?? 0
            if let publication = mesh.read({ $0.repair.index.publication(of: publisher) }),
                let site = site(publication, pinned: Set(pins.map(\.root)), isOwn: own.contains(publisher), now: now),
                site.sequence > known
            {
                roots = site.roots
                try held.remember(site)
                mesh.repair { repair, now in repair.imported(site, now: now) }
            }
            for pin in pins where !roots.contains(pin.root) { try store.unpin(pin) }
        }
    }

    /// What this node holds of a publication; `nil` when not all of it is pinned.
    private func site(_ publication: Publication, pinned: Set<CID>, isOwn: Bool, now: Instant) -> HeldSite? {
        let roots = publication.retainedRoots(at: now)
        guard !roots.isEmpty, pinned.isSuperset(of: roots) else { return nil }
        return HeldSite(
            publisher: publication.publisher,
            sequence: publication.sequence,
            roots: roots,
            leaseEnd: publication.leaseEnd,
            isOwn: isOwn
        )
    }
}
