import Core

/// The fewest failure domains of one kind whose loss would lose anything.
public struct SmallestLoss: Hashable, Sendable {
    public let kind: DomainKind
    /// Sorted; empty when something is lost without any further loss.
    public let domains: [String]
    /// What would be lost.
    public let item: Inventory.Item
    /// Whether fewer are certainly not enough; `false` only where pieces have several holders and the search was cut short.
    public let isExact: Bool

    /// The smallest over all items.
    ///
    /// For a segment: the domains that leave fewer than k pieces. For a site: every domain with a whole copy, and the fewest
    /// further ones that leave fewer than k pieces of a segment of its floor.
    ///
    /// - Parameter budget: What the searches for all segments may take together; beyond it the greedy choice counts.
    /// - Returns: `nil` when no loss of such domains loses anything, such as when there is nothing.
    public static func find(
        _ kind: DomainKind,
        in inventory: Inventory,
        _ domains: DomainMap,
        budget: inout SearchBudget
    ) -> SmallestLoss? {
        let names = domains.names(of: kind)
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let domainOf = inventory.nodes.map { domains.name(of: $0, kind).flatMap { numbers[$0] } }
        let covered = inventory.segments.map { segment in
            segment.pieces.map { holders in
                let found = holders.compactMap { domainOf[$0] }
                return found.count == holders.count ? found : nil
            }
        }
        var best: (domains: [Int], place: Int)?
        var isExact = true
        var seen: Set<Int> = []
        for (number, place) in inventory.places.enumerated() {
            let sizeMax = best.map { $0.domains.count - 1 } ?? names.count
            guard sizeMax >= 0 else { break }
            let copies = place.copies.compactMap { domainOf[$0] }
            guard copies.count == place.copies.count else { continue }
            let given = Set(copies)
            guard given.count <= sizeMax else { continue }
            // Without copies each segment is judged once, however many items lie in it.
            let segments = place.segments.filter { !given.isEmpty || seen.insert($0).inserted }
            let answer = Self.answer(place, given, segments, inventory, covered, sizeMax, &budget)
            if let domains = answer.domains { best = (domains, number) }
            isExact = isExact && answer.isExact
        }
        guard let best else { return nil }
        let item = inventory.items[inventory.smallestItems[best.place]]
        return SmallestLoss(kind: kind, domains: best.domains.map { names[$0] }, item: item, isExact: isExact)
    }

    /// The least for the items of one place.
    private static func answer(
        _ place: Inventory.Place,
        _ given: Set<Int>,
        _ segments: [Int],
        _ inventory: Inventory,
        _ covered: [[[Int]?]],
        _ sizeMax: Int,
        _ budget: inout SearchBudget
    ) -> PieceCover.Answer {
        if place.kind == .site, place.segments.isEmpty { return .init(domains: given.sorted()) }
        var best = PieceCover.Answer(domains: nil)
        for segment in segments where inventory.segments[segment].isKnown {
            let limit = (best.domains.map { $0.count - 1 } ?? sizeMax) - given.count
            guard limit >= 0 else { break }
            let cover = PieceCover(covered[segment], needed: inventory.segments[segment].dataCount, given: given)
            let further = cover.smallest(sizeMax: limit, budget: &budget)
            if let domains = further.domains { best.domains = given.union(domains).sorted() }
            best.isExact = best.isExact && further.isExact
        }
        return best
    }
}
