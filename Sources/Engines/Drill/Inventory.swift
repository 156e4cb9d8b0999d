import Core

/// What somebody has in a mesh and who holds it, as far as it is known: what a drill counts on.
///
/// Items that lie in the same places share one entry, so that a million small files cost as much as their segments.
public struct Inventory: Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// A published site: any whole copy is enough, or all segments of its floor.
        case site
        /// The names of private objects; without them no object can be found.
        case names
        /// A private object: all of its segments and those of the names are needed.
        case object
    }

    /// Something that is read as a whole.
    public struct Item: Hashable, Sendable {
        public let kind: Kind
        public let name: String
        public let byteCount: UInt64
        /// Number of its place.
        public let place: Int
    }

    /// A coded segment; any `dataCount` different pieces rebuild it.
    public struct Segment: Sendable {
        public let dataCount: Int
        public let totalCount: Int
        /// Whether anybody who was asked knows who holds it.
        public let isKnown: Bool
        /// By piece: the numbers of the nodes that hold it.
        let pieces: [[Int]]
    }

    /// Where items lie.
    struct Place: Hashable, Sendable {
        let kind: Kind
        /// Numbers of the nodes with a whole copy.
        let copies: [Int]
        /// Numbers of segments; for objects without those of the names.
        let segments: [Int]
    }

    public private(set) var nodes: [NodeID] = []
    public private(set) var items: [Item] = []
    public private(set) var segments: [Segment] = []
    private(set) var places: [Place] = []
    /// By place: how many items lie there, and the smallest of them.
    private(set) var itemCounts: [Int] = []
    private(set) var smallestItems: [Int] = []
    /// Segments of the names.
    private(set) var names: [Int] = []
    private var numberOf: [NodeID: Int] = [:]
    private var placeOf: [Place: Int] = [:]

    public init() {}

    private mutating func number(of node: NodeID) -> Int {
        if let number = numberOf[node] { return number }
        numberOf[node] = nodes.count
        nodes.append(node)
        return nodes.count - 1
    }

    /// Adds a segment; a piece that nobody holds is left out.
    ///
    /// - Parameters:
    ///   - dataCount: Pieces that rebuild it, k.
    ///   - totalCount: Pieces at full strength, n.
    ///   - holders: Who holds which piece; entries for pieces from n on are left out.
    ///   - isKnown: Whether `holders` are all that there are; otherwise the segment counts as lost, and
    ///     ``SmallestLoss`` leaves it out.
    /// - Returns: Its number.
    public mutating func addSegment(
        dataCount: Int,
        totalCount: Int,
        holders: [(piece: Int, node: NodeID)],
        isKnown: Bool = true
    ) -> Int {
        var pieces: [[Int]] = Array(repeating: [], count: max(totalCount, 0))
        for (piece, node) in holders where pieces.indices.contains(piece) {
            let number = number(of: node)
            if !pieces[piece].contains(number) { pieces[piece].append(number) }
        }
        let held = pieces.filter { !$0.isEmpty }
        segments.append(Segment(dataCount: dataCount, totalCount: totalCount, isKnown: isKnown, pieces: held))
        return segments.count - 1
    }

    /// Adds a published site; without a floor `floor` is empty.
    public mutating func addSite(_ name: String, byteCount: UInt64, copies: [NodeID], floor: [Int]) {
        let copies = Set(copies).sorted().map { number(of: $0) }
        add(name, byteCount, Place(kind: .site, copies: copies, segments: floor))
    }

    /// Adds the names of private objects, once and before the objects.
    public mutating func addNames(_ name: String, byteCount: UInt64, segments: [Int]) {
        names = segments
        add(name, byteCount, Place(kind: .names, copies: [], segments: segments))
    }

    /// Adds a private object; what is kept with the names has no segments of its own.
    public mutating func addObject(_ name: String, byteCount: UInt64, segments: [Int]) {
        add(name, byteCount, Place(kind: .object, copies: [], segments: Set(segments).sorted()))
    }

    private mutating func add(_ name: String, _ byteCount: UInt64, _ place: Place) {
        let number = placeOf[place] ?? places.count
        if number == places.count {
            places.append(place)
            placeOf[place] = number
            itemCounts.append(0)
            smallestItems.append(items.count)
        }
        itemCounts[number] += 1
        items.append(Item(kind: place.kind, name: name, byteCount: byteCount, place: number))
        if byteCount < items[smallestItems[number]].byteCount { smallestItems[number] = items.count - 1 }
    }

    /// Who holds something of an item, with how many pieces and copies each, in key order.
    public func holders(of item: Item) -> [(node: NodeID, parts: Int)] {
        var counts: [Int: Int] = [:]
        let place = places[item.place]
        for copy in place.copies { counts[copy, default: 0] += 1 }
        for segment in needed(by: place) {
            for node in segments[segment].pieces.joined() { counts[node, default: 0] += 1 }
        }
        return counts.map { (nodes[$0.key], $0.value) }.sorted { $0.0 < $1.0 }
    }

    /// All segments that items of this place need.
    func needed(by place: Place) -> [Int] { place.kind == .object ? place.segments + names : place.segments }
}
