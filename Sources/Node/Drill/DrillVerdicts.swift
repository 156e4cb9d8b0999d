import Control
import Core
import Drill

/// What is left of each item: by reading where it was read, else by arithmetic.
struct DrillVerdicts {
    /// Longest reason, in characters.
    private static let reasonMax = 400
    /// Most operators that are named for a lost item.
    private static let sharesMax = 8

    let inventory: Inventory
    let mesh: DrillMesh
    let lost: Set<NodeID>
    let assessment: Assessment
    let outcomes: [Int: DrillReading.Outcome]
    /// Without this machine too; `nil` when it is among the lost.
    private let elsewhere: Assessment?
    /// Without its names no object is found, whatever is left of it.
    private let areNamesLost: Bool

    init(
        _ inventory: Inventory,
        _ mesh: DrillMesh,
        without lost: Set<NodeID>,
        _ assessment: Assessment,
        _ outcomes: [Int: DrillReading.Outcome]
    ) {
        self.inventory = inventory
        self.mesh = mesh
        self.lost = lost
        self.assessment = assessment
        self.outcomes = outcomes
        areNamesLost = outcomes.contains { number, outcome in
            guard inventory.items[number].kind == .names, case .failed = outcome else { return false }
            return true
        }
        elsewhere = lost.contains(mesh.node) ? nil : Assessment(inventory, without: lost.union([mesh.node]))
    }

    /// Reading decides; what arithmetic takes for lost and could be read is held by somebody nobody told of.
    func verdict(_ number: Int) -> Standing.Verdict {
        if areNamesLost, inventory.items[number].kind == .object { return .lost }
        let computed = assessment.standing(of: inventory.items[number]).verdict
        switch outcomes[number] {
        case .failed: return .lost
        case .onlyHere: return .degraded
        case .whole: return isOnlyHere(number, computed) ? .degraded : min(computed, .degraded)
        case nil: return isOnlyHere(number, computed) ? max(computed, .degraded) : computed
        }
    }

    private func isOnlyHere(_ number: Int, _ computed: Standing.Verdict) -> Bool {
        if outcomes[number] == .onlyHere { return true }
        return computed != .lost && elsewhere?.standing(of: inventory.items[number]).verdict == .lost
    }

    var tally: DrillTally {
        inventory.items.indices.reduce(into: DrillTally()) { tally, number in
            switch verdict(number) {
            case .reachable: tally.reachable += 1
            case .degraded: tally.degraded += 1
            case .lost: tally.lost += 1
            }
        }
    }

    /// The gravest first.
    func items(max count: Int) -> [DrillItem] {
        let ranked = inventory.items.indices.map { number in
            (grade: -verdict(number).rawValue, spare: assessment.standing(of: inventory.items[number]).spare, number)
        }
        return ranked.sorted { $0 < $1 }.prefix(count).map { item($0.2) }
    }

    private func item(_ number: Int) -> DrillItem {
        let item = inventory.items[number]
        let standing = assessment.standing(of: item)
        let verdict = verdict(number)
        let titles: [Standing.Verdict: DrillVerdict] = [.reachable: .reachable, .degraded: .degraded]
        return DrillItem(
            kind: DrillKind(rawValue: item.kind.rawValue) ?? .object,
            name: item.name,
            bytes: Int(clamping: item.byteCount),
            verdict: titles[verdict] ?? .lost,
            wasRead: outcomes[number] != nil,
            onlyHere: verdict != .lost && isOnlyHere(number, standing.verdict),
            copiesNow: standing.copiesNow,
            copiesLeft: standing.copiesLeft,
            piecesNeeded: standing.weakest?.needed,
            piecesNow: standing.weakest.flatMap { $0.isKnown ? $0.held : nil },
            piecesLeft: standing.weakest?.left,
            lostWith: verdict == .lost ? shares(of: item) : [],
            reason: reason(number, standing)
        )
    }

    private func reason(_ number: Int, _ standing: Standing) -> String? {
        guard verdict(number) == .lost else { return nil }
        if standing.isLostAlready { return "it cannot be read even now" }
        guard case .failed(let reason)? = outcomes[number] else { return nil }
        return String(reason.prefix(Self.reasonMax))
    }

    /// What the lost operators hold of an item, the most first.
    private func shares(of item: Inventory.Item) -> [DrillShare] {
        var parts: [String: Int] = [:]
        for (node, count) in inventory.holders(of: item) where lost.contains(node) {
            parts[mesh.domains.name(of: node, .operator) ?? "", default: 0] += count
        }
        return parts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.sharesMax).map {
            DrillShare(operator: mesh.title(.operator, $0.key), parts: $0.value)
        }
    }
}
