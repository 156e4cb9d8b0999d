import Core

/// What would be left of an item, by arithmetic over who holds what.
public struct Standing: Hashable, Sendable {
    public enum Verdict: Int, Comparable, Hashable, Sendable {
        /// All of it is as safe as before.
        case reachable
        /// All of it can be read, but less of it may be lost from then on.
        case degraded
        case lost

        public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    /// The segment of an item that is nearest to being lost.
    public struct Weakest: Hashable, Sendable {
        /// Pieces that rebuild it.
        public let needed: Int
        /// Different pieces that are held now.
        public let held: Int
        /// Different pieces that would be left.
        public let left: Int
        /// Whether it is known who holds it.
        public let isKnown: Bool

        public init(needed: Int, held: Int, left: Int, isKnown: Bool = true) {
            self.needed = needed
            self.held = held
            self.left = left
            self.isKnown = isKnown
        }

        /// Pieces that could be lost besides; negative when it is lost.
        public var spare: Int { left - needed }
    }

    public let copiesNow: Int
    public let copiesLeft: Int
    /// `nil` for what has no segments.
    public let weakest: Weakest?
    public let verdict: Verdict

    /// Whether it cannot be read even without the loss.
    public var isLostAlready: Bool { copiesNow == 0 && weakest.map { $0.isKnown && $0.held < $0.needed } ?? true }

    /// How many further losses it survives at the least: whole copies count like pieces.
    public var spare: Int { max(copiesLeft - 1, -1) + max((weakest?.spare ?? -1) + 1, 0) }
}

/// What a loss does to an inventory.
public struct Assessment: Sendable {
    /// Items by verdict.
    public struct Tally: Hashable, Sendable {
        public var reachable = 0
        public var degraded = 0
        public var lost = 0

        public init(reachable: Int = 0, degraded: Int = 0, lost: Int = 0) {
            self.reachable = reachable
            self.degraded = degraded
            self.lost = lost
        }
    }

    private let standings: [Standing]

    /// - Complexity: O(pieces + places).
    public init(_ inventory: Inventory, without lost: Set<NodeID>) {
        let isLost = inventory.nodes.map(lost.contains)
        let segments = inventory.segments.map { segment in
            Standing.Weakest(
                needed: segment.dataCount,
                held: segment.pieces.count,
                left: segment.pieces.count { $0.contains { !isLost[$0] } },
                isKnown: segment.isKnown
            )
        }
        let names = Self.sum(inventory.names.map { segments[$0] })
        standings = inventory.places.map { place in
            var (weakest, shrinks) = Self.sum(place.segments.map { segments[$0] })
            if place.kind == .object {
                weakest = Self.weaker(weakest, names.weakest)
                shrinks = shrinks || names.shrinks
            }
            let left = place.copies.count { !isLost[$0] }
            let survives = left > 0 || weakest.map { $0.spare >= 0 } ?? false
            let isLess = left < place.copies.count || shrinks
            return Standing(
                copiesNow: place.copies.count,
                copiesLeft: left,
                weakest: weakest,
                verdict: !survives ? .lost : isLess ? .degraded : .reachable
            )
        }
    }

    public func standing(of item: Inventory.Item) -> Standing { standings[item.place] }

    public func tally(_ inventory: Inventory) -> Tally {
        zip(standings, inventory.itemCounts).reduce(into: Tally()) { tally, place in
            switch place.0.verdict {
            case .reachable: tally.reachable += place.1
            case .degraded: tally.degraded += place.1
            case .lost: tally.lost += place.1
            }
        }
    }

    /// Numbers of items with the least to spare, the most endangered first: of each place the smallest item, and small ones
    /// before large ones where both have as much to spare.
    ///
    /// - Parameter isLost: Whether to name those that are lost, or those that are not.
    public func endangered(_ inventory: Inventory, max count: Int, isLost: Bool) -> [Int] {
        let places = standings.indices.filter { (standings[$0].verdict == .lost) == isLost }
        let items = places.map { place in
            let number = inventory.smallestItems[place]
            return (spare: standings[place].spare, byteCount: inventory.items[number].byteCount, number: number)
        }
        return items.sorted { $0 < $1 }.prefix(count).map(\.number)
    }

    private static func sum(_ segments: [Standing.Weakest]) -> (weakest: Standing.Weakest?, shrinks: Bool) {
        (segments.reduce(nil) { weaker($0, $1) }, segments.contains { $0.left < $0.held })
    }

    private static func weaker(_ lhs: Standing.Weakest?, _ rhs: Standing.Weakest?) -> Standing.Weakest? {
        guard let lhs else { return rhs }
        guard let rhs else { return lhs }
        return (rhs.spare, rhs.left - rhs.held) < (lhs.spare, lhs.left - lhs.held) ? rhs : lhs
    }
}
