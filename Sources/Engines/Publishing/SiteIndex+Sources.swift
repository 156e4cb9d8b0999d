import Core

extension SiteIndex {
    /// Everyone who stated to hold `publisher`'s site, most promising first.
    ///
    /// First the living with the current content, then suspects, then the living with older content (they have older
    /// versions), then those believed dead: a belief is no proof. Within a group the order differs per `asker`, so that
    /// load spreads.
    public func holdersToAsk(of publisher: PublisherID, asker: NodeID) -> [NodeID] {
        guard let site = sites[publisher], let publication = site.publication else { return [] }
        let seed = Self.fold(asker)
        let ranked = site.statements.values.compactMap { statement -> (rank: Int, order: UInt64, node: NodeID)? in
            let node = statement.holding.node
            guard statement.holding.state == .holding, node != asker, let member = members[node] else { return nil }
            let isCurrent = statement.holding.sequence >= publication.contentSequence
            let rank =
                switch member.liveness {
                case .alive: isCurrent ? 0 : 2
                case .suspect: isCurrent ? 1 : 3
                case .dead: 4
                }
            var mixer = SplitMix64(seed: Self.fold(node) ^ seed)
            return (rank, mixer.next(), node)
        }
        return ranked.sorted { ($0.rank, $0.order, $0.node) < ($1.rank, $1.order, $1.node) }.map(\.node)
    }

    /// Everyone to ask for a root: the holders of every site that lists it, without repetition.
    public func holdersToAsk(ofRoot root: CID, asker: NodeID) -> [NodeID] {
        var seen: Set<NodeID> = []
        return publishers(ofRoot: root).flatMap { holdersToAsk(of: $0, asker: asker) }
            .filter { seen.insert($0).inserted }
    }

    static func fold(_ node: NodeID) -> UInt64 { node.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }

    /// Few nodes that together hold everything, for finding a block by its CID alone.
    ///
    /// Round one has a living holder of every published site, round two a second one wherever there is one, and so on; a
    /// node is named once. Greedy set cover: most sites not covered yet first (Chvátal 1979: at most ln n times
    /// the best).
    ///
    /// - Parameters:
    ///   - excluding: Nodes not to ask, such as the asker.
    ///   - rounds: How many holders of each site are wanted.
    ///   - nodesMax: Most nodes in all rounds together; what they do not cover is left out.
    /// - Complexity: O((sites + holdings) · log nodes) per round. Cache it by ``generation``.
    public func coverSet(excluding: Set<NodeID> = [], rounds: Int = 2, nodesMax: Int = 1024) -> [[NodeID]] {
        var siteHolders: [[Int]] = []
        var holderSites: [[Int]] = []
        var numberOf: [NodeID: Int] = [:]
        var nodes: [NodeID] = []
        for site in sites.values {
            let holders = liveHolders(in: site).filter { !excluding.contains($0) }
            guard !holders.isEmpty else { continue }
            for holder in holders {
                let number = numberOf[holder] ?? nodes.count
                if number == nodes.count {
                    numberOf[holder] = number
                    nodes.append(holder)
                    holderSites.append([])
                }
                holderSites[number].append(siteHolders.count)
            }
            siteHolders.append(holders.compactMap { numberOf[$0] })
        }
        var cover = GreedyCover(siteHolders: siteHolders, holderSites: holderSites, nodes: nodes)
        var result: [[NodeID]] = []
        for _ in 0..<max(rounds, 0) {
            let round = cover.nextRound(nodesMax: nodesMax - result.reduce(0) { $0 + $1.count })
            guard !round.isEmpty else { break }
            result.append(round.map { nodes[$0] })
        }
        return result
    }
}

/// Greedy set cover over numbered sites and nodes, one round after another without naming a node twice.
private struct GreedyCover {
    private struct Gain: Comparable {
        let sites: Int
        let node: Int
        let id: NodeID

        /// The larger gain comes out first.
        static func < (lhs: Gain, rhs: Gain) -> Bool {
            lhs.sites != rhs.sites ? lhs.sites > rhs.sites : lhs.id < rhs.id
        }
        static func == (lhs: Gain, rhs: Gain) -> Bool { lhs.node == rhs.node && lhs.sites == rhs.sites }
    }

    let siteHolders: [[Int]]
    let holderSites: [[Int]]
    let nodes: [NodeID]
    /// Per site: how many named nodes hold it.
    private var covers: [Int]
    private var isNamed: [Bool]
    private var round = 0

    init(siteHolders: [[Int]], holderSites: [[Int]], nodes: [NodeID]) {
        self.siteHolders = siteHolders
        self.holderSites = holderSites
        self.nodes = nodes
        covers = Array(repeating: 0, count: siteHolders.count)
        isNamed = Array(repeating: false, count: nodes.count)
    }

    /// Nodes that give every site one more holder than rounds so far, where it has one.
    mutating func nextRound(nodesMax: Int) -> [Int] {
        round += 1
        var heap = BinaryHeap<Gain>()
        for node in nodes.indices where !isNamed[node] {
            heap.insert(Gain(sites: gain(node), node: node, id: nodes[node]))
        }
        var named: [Int] = []
        while named.count < nodesMax, let best = heap.popFirst(), best.sites > 0 {
            let gain = gain(best.node)
            guard gain == best.sites else {  // gains only shrink: a stale one goes back with its true value
                if gain > 0 { heap.insert(Gain(sites: gain, node: best.node, id: best.id)) }
                continue
            }
            isNamed[best.node] = true
            named.append(best.node)
            for site in holderSites[best.node] { covers[site] += 1 }
        }
        return named
    }

    private func gain(_ node: Int) -> Int {
        holderSites[node].reduce(0) { $0 + (covers[$1] < round ? 1 : 0) }
    }
}
