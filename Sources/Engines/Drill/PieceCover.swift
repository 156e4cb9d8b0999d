/// The fewest failure domains whose loss leaves too few pieces of one segment.
///
/// Where each piece lies in one domain, the domains with the most pieces are the answer, and it is exact. Where a piece is
/// held in several, all of them have to go; then a bounded search looks for fewer domains than the greedy choice needs.
struct PieceCover {
    struct Answer: Hashable {
        /// Numbers of domains, sorted; `nil` when no choice of the size allowed was found.
        var domains: [Int]?
        /// Whether fewer are certainly not enough.
        var isExact = true
    }

    /// Steps that the search for one segment takes at most; beyond it the greedy choice counts, marked as not exact.
    static let stepsMax = 20_000

    /// Of each piece that is left: the domains that all have to go.
    private let pieces: [[Int]]
    /// Pieces that have to go.
    private let wanted: Int
    /// Domains by how many pieces they touch, the most first.
    private let order: [Int]
    private let touched: [Int: [Int]]

    /// - Parameters:
    ///   - pieces: Of each piece that is held: its domains; `nil` for a piece that no loss of domains takes.
    ///   - needed: Pieces that rebuild the segment.
    ///   - given: Domains that are lost already.
    init(_ pieces: [[Int]?], needed: Int, given: Set<Int>) {
        let rest = pieces.map { $0.map { Array(Set($0).subtracting(given)).sorted() } }
        let left = rest.filter { $0 == nil || $0?.isEmpty == false }
        wanted = left.count - needed + 1
        self.pieces = left.compactMap(\.self)
        var touched: [Int: [Int]] = [:]
        for (number, domains) in self.pieces.enumerated() {
            for domain in domains { touched[domain, default: []].append(number) }
        }
        self.touched = touched
        order = touched.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map(\.key)
    }

    /// - Parameters:
    ///   - sizeMax: Larger answers are of no interest.
    ///   - budget: What this and other searches may take together.
    func smallest(sizeMax: Int, budget: inout SearchBudget) -> Answer {
        guard wanted > 0 else { return Answer(domains: []) }
        guard sizeMax > 0, pieces.count >= wanted else { return Answer(domains: nil) }
        let greedy = greedy()
        let affordable = greedy.count <= sizeMax ? greedy.sorted() : nil
        if pieces.allSatisfy({ $0.count == 1 }) { return Answer(domains: affordable) }
        let stepsMax = min(Self.stepsMax, budget.stepsLeft)
        var steps = 0
        defer { budget.spend(steps, wasCut: steps > stepsMax) }
        for size in 1..<max(min(greedy.count, sizeMax + 1), 1) {
            var open = pieces.map(\.count)
            let found = search(size, from: 0, lost: 0, &open, [], &steps, stepsMax)
            // An answer is one however the search went; without one, an exhausted search proves nothing.
            if let found { return Answer(domains: found.sorted()) }
            if steps > stepsMax { return Answer(domains: affordable, isExact: false) }
        }
        return Answer(domains: affordable)
    }

    /// Takes the domain that finishes most pieces, until enough are lost.
    private func greedy() -> [Int] {
        var open = pieces.map(\.count)
        var chosen: [Int] = []
        var rest = order
        var lost = 0
        while lost < wanted {
            var best: (place: Int, finished: Int, touched: Int)?
            for (place, domain) in rest.enumerated() {
                let numbers = touched[domain] ?? []
                let (finished, all) = (numbers.count { open[$0] == 1 }, numbers.count { open[$0] > 0 })
                if let best, (best.finished, best.touched) >= (finished, all) { continue }
                best = (place, finished, all)
            }
            guard let best else { break }
            let domain = rest.remove(at: best.place)
            chosen.append(domain)
            for number in touched[domain] ?? [] { open[number] -= 1 }
            lost += best.finished
        }
        return chosen
    }

    /// Looks for `size` further domains, among those from `start` on, that bring the lost pieces to ``wanted``.
    private func search(
        _ size: Int,
        from start: Int,
        lost: Int,
        _ open: inout [Int],
        _ chosen: [Int],
        _ steps: inout Int,
        _ stepsMax: Int
    ) -> [Int]? {
        if lost >= wanted { return chosen }
        steps += 1
        guard size > 0, steps <= stepsMax else { return nil }
        for place in start..<order.count {
            // No piece is lost without one of its domains: what the next domains touch is the most that they can take.
            let reach = order[place..<min(place + size, order.count)].reduce(0) { $0 + (touched[$1]?.count ?? 0) }
            guard lost + reach >= wanted else { return nil }
            let numbers = touched[order[place]] ?? []
            for number in numbers { open[number] -= 1 }
            let gained = numbers.count { open[$0] == 0 }
            let further = chosen + [order[place]]
            let found = search(size - 1, from: place + 1, lost: lost + gained, &open, further, &steps, stepsMax)
            for number in numbers { open[number] += 1 }
            if let found { return found }
        }
        return nil
    }
}
