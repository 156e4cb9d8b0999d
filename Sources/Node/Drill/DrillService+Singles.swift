import Control
import Core
import Drill

extension DrillService {
    /// Items that are read for each loss unless everything is: the most endangered ones that arithmetic does not take for
    /// lost. Where those can be read, the others have more to spare.
    static let endangeredMax = 3

    /// One failure domain, and what its loss does.
    private struct Single: Sendable {
        let kind: DomainKind
        let name: String
        let nodes: Set<NodeID>
    }

    /// Tries every operator, hosting provider and jurisdiction in turn.
    ///
    /// Who holds what is asked once, of everybody; each loss is arithmetic over that, and the most endangered items are
    /// really read without the lost nodes. Domains of the same nodes are tried once.
    func singles(_ request: DrillRequest) async throws -> DrillResult {
        let mesh = DrillMesh(parts)
        let seed = request.seed ?? Self.seedDefault
        let survey = try await survey(through: DrillReach(parts, absent: []))
        let inventory = survey.inventory
        var answered: [Set<NodeID>: DrillSingle] = [:]
        var answers: [DrillSingle] = []
        var bytes = 0
        var isOneLost = false
        for single in Self.all(in: mesh) {
            try Task.checkCancellation()
            if var known = answered[single.nodes] {
                known.kind = single.kind.rawValue
                known.name = mesh.title(single.kind, single.name)
                answers.append(known)
                continue
            }
            let assessment = Assessment(inventory, without: single.nodes)
            let numbers =
                request.readAll
                ? numbers(of: survey, sample: request.sample, seed: seed)
                : assessment.endangered(inventory, max: Self.endangeredMax, isLost: false)
            let title = mesh.title(single.kind, single.name)
            let meter = meter(of: numbers, inventory, phase: "losing \(single.kind.rawValue) \(title)")
            let reach = DrillReach(parts, absent: single.nodes)
            let reading = DrillReading(parts: parts, survey: survey, reach: reach, meter: meter)
            let outcomes = try await reading.read(numbers)
            bytes += meter.bytes
            isOneLost = isOneLost || Self.isObjectLost(outcomes, survey)
            let answer = try await parts.base.analysis.run {
                Self.answer(single, mesh, inventory, assessment, outcomes)
            }
            answered[single.nodes] = answer
            answers.append(answer)
        }
        answers.sort { Self.isWorse($0, $1) }
        let tally = Assessment(inventory, without: []).tally(inventory)
        let shown = Array(answers.prefix(DrillResult.itemsMax))
        var reads = DrillReads(
            items: answers.reduce(0) { $0 + $1.read },
            of: inventory.items.count * answers.count,
            bytes: bytes,
            seed: seed
        )
        if request.readAll { noteSample(of: survey, request, isOneLost: isOneLost, &reads) }
        let smallest = try await smallest(inventory, mesh)
        return DrillResult(
            losses: [],
            nodesLost: 0,
            nodes: mesh.alive.count,
            thisNodeLost: false,
            tally: DrillTally(reachable: tally.reachable, degraded: tally.degraded, lost: tally.lost),
            reads: reads,
            smallest: smallest.losses,
            singles: shown,
            singlesLeftOut: answers.count - shown.count,
            notes: (inventory.items.isEmpty ? ["nothing was published or stored from this machine"] : [])
                + smallest.notes
        )
    }

    /// Every domain with a node that is not dead.
    private static func all(in mesh: DrillMesh) -> [Single] {
        let alive = Set(mesh.alive)
        return kinds.flatMap { kind in
            mesh.domains.names(of: kind).compactMap { name in
                let nodes = alive.intersection(mesh.domains.nodes(in: kind, name))
                return nodes.isEmpty ? nil : Single(kind: kind, name: name, nodes: nodes)
            }
        }
    }

    private static func answer(
        _ single: Single,
        _ mesh: DrillMesh,
        _ inventory: Inventory,
        _ assessment: Assessment,
        _ outcomes: [Int: DrillReading.Outcome]
    ) -> DrillSingle {
        let verdicts = DrillVerdicts(inventory, mesh, without: single.nodes, assessment, outcomes)
        let worst =
            assessment.endangered(inventory, max: 1, isLost: true).first
            ?? outcomes.keys.sorted().first { verdicts.verdict($0) == .lost }
            ?? assessment.endangered(inventory, max: 1, isLost: false).first
        let spare = worst.map { assessment.standing(of: inventory.items[$0]).spare }
        let isLost = worst.map { verdicts.verdict($0) == .lost } ?? false
        return DrillSingle(
            kind: single.kind.rawValue,
            name: mesh.title(single.kind, single.name),
            nodes: single.nodes.count,
            tally: verdicts.tally,
            spare: isLost ? -1 : spare ?? 0,
            weakest: worst.map { inventory.items[$0].name },
            read: outcomes.count
        )
    }

    private static func isWorse(_ lhs: DrillSingle, _ rhs: DrillSingle) -> Bool {
        if lhs.tally.lost != rhs.tally.lost { return lhs.tally.lost > rhs.tally.lost }
        if lhs.spare != rhs.spare { return lhs.spare < rhs.spare }
        if lhs.tally.degraded != rhs.tally.degraded { return lhs.tally.degraded > rhs.tally.degraded }
        return (lhs.kind, lhs.name) < (rhs.kind, rhs.name)
    }
}
