import Control
import Core
import Drill

/// Answers what would be left of what this user published and stored, if some nodes vanished now.
struct DrillService: Sendable {
    /// What shares of nodes and samples are drawn by unless a seed is given.
    static let seedDefault: UInt64 = 1
    /// Kinds of domains whose smallest loss is told, and that are tried one by one.
    static let kinds: [DomainKind] = [.operator, .hosting, .jurisdiction]

    let parts: NodeParts
    let progress: @Sendable (OperationProgress) -> Void

    /// - Throws: ``DrillError``, ``NodeError``, `CancellationError`; nothing of it is left behind.
    func run(_ request: DrillRequest) async throws -> DrillResult {
        guard request.allSingle != !request.lose.isEmpty else {
            throw NodeError(.usage, "say what is lost with --lose, or use --all-single; not both")
        }
        guard request.sample.map({ $0 > 0 }) ?? true else {
            throw NodeError(.usage, "--sample is \(request.sample ?? 0); 1 or more objects are possible")
        }
        return try await request.allSingle ? singles(request) : losing(request)
    }

    // MARK: - One loss

    private func losing(_ request: DrillRequest) async throws -> DrillResult {
        let mesh = DrillMesh(parts)
        let seed = request.seed ?? Self.seedDefault
        var rules: [LossRule] = []
        for text in request.lose { rules.append(try LossRule(text)) }
        let loss = try Loss(rules, in: mesh.domains, alive: mesh.alive, operators: mesh.operators, seed: seed)
        let reach = DrillReach(parts, absent: loss.nodes)
        let survey = try await survey(through: reach)
        let inventory = survey.inventory
        let numbers = numbers(of: survey, sample: request.sample, seed: seed)
        let meter = meter(of: numbers, inventory, phase: "reading")
        let reading = DrillReading(parts: parts, survey: survey, reach: reach, meter: meter)
        let outcomes = try await reading.read(numbers)
        let assessment = Assessment(inventory, without: loss.nodes)
        let (tally, items) = try await parts.base.analysis.run {
            let verdicts = DrillVerdicts(inventory, mesh, without: loss.nodes, assessment, outcomes)
            return (verdicts.tally, verdicts.items(max: DrillResult.itemsMax))
        }
        let smallest = try await smallest(inventory, mesh)
        return DrillResult(
            losses: loss.parts.map { DrillLoss(rule: $0.rule.description, nodes: $0.nodes.count) },
            nodesLost: loss.nodes.intersection(mesh.alive).count,
            nodes: mesh.alive.count,
            thisNodeLost: loss.nodes.contains(mesh.node),
            tally: tally,
            reads: reads(outcomes, survey, bytes: meter.bytes, request, seed),
            items: items,
            itemsLeftOut: inventory.items.count - items.count,
            smallest: smallest.losses,
            notes: notes(survey, loss, mesh) + smallest.notes
        )
    }

    func survey(through reach: DrillReach) async throws -> DrillSurvey {
        let progress = progress
        return try await DrillSurvey(parts, through: reach) { done, all in
            progress(.init(phase: "asking who holds", unit: .segments, done: done, total: all))
        }
    }

    /// What is read: every site, the names, and all objects or a sample of them.
    func numbers(of survey: DrillSurvey, sample: Int?, seed: UInt64) -> [Int] {
        let objects = survey.entries.count
        let drawn = Sample.draw(min(sample ?? objects, objects), of: objects, seed: seed)
        return Array(0..<survey.firstObject) + drawn.map { survey.firstObject + $0 }
    }

    func meter(of numbers: [Int], _ inventory: Inventory, phase: String) -> DrillMeter {
        let progress = progress
        let expected = Int(clampingSumOf: numbers.map { inventory.items[$0].byteCount })
        return DrillMeter { bytes in
            progress(.init(phase: phase, unit: .bytes, done: bytes, total: max(expected, bytes)))
        }
    }

    private func reads(
        _ outcomes: [Int: DrillReading.Outcome],
        _ survey: DrillSurvey,
        bytes: Int,
        _ request: DrillRequest,
        _ seed: UInt64
    ) -> DrillReads {
        var reads = DrillReads(items: outcomes.count, of: survey.inventory.items.count, bytes: bytes, seed: seed)
        noteSample(of: survey, request, isOneLost: Self.isObjectLost(outcomes, survey), &reads)
        return reads
    }

    /// Whether one of the objects that were read is lost.
    static func isObjectLost(_ outcomes: [Int: DrillReading.Outcome], _ survey: DrillSurvey) -> Bool {
        outcomes.contains { number, outcome in
            if case .failed = outcome { number >= survey.firstObject } else { false }
        }
    }

    /// Says which part of the objects was read, and what follows for the others.
    func noteSample(of survey: DrillSurvey, _ request: DrillRequest, isOneLost: Bool, _ reads: inout DrillReads) {
        let total = survey.entries.count
        guard let sample = request.sample, sample < total else { return }
        reads.sampled = sample
        reads.sampledOf = total
        reads.lostAtMost = isOneLost ? nil : Sample.lostMax(drawn: sample, of: total)
    }

    // MARK: - Sentences

    /// The smallest loss of each kind, and a note where the search for them was cut short.
    ///
    /// Not on the threads that tasks run on: with many segments it takes seconds.
    func smallest(
        _ inventory: Inventory,
        _ mesh: DrillMesh
    ) async throws -> (losses: [DrillSmallest], notes: [String]) {
        guard !inventory.items.isEmpty else { return ([], []) }
        var losses: [DrillSmallest] = []
        var isExhausted = false
        for kind in Self.kinds {
            let (found, isCut) = try await parts.base.analysis.run {
                // An equal share for each: operators are many, and would leave nothing to the others.
                var budget = SearchBudget(steps: SearchBudget.stepsMax / Self.kinds.count)
                let found = SmallestLoss.find(kind, in: inventory, mesh.domains, budget: &budget)
                return (found, budget.isExhausted)
            }
            isExhausted = isExhausted || isCut
            losses.append(
                DrillSmallest(
                    kind: kind.rawValue,
                    domains: found?.domains.map { mesh.title(kind, $0) },
                    item: found?.item.name,
                    exact: found?.isExact ?? true
                )
            )
        }
        guard isExhausted else { return (losses, []) }
        return (losses, ["the search for the smallest losses was cut short; fewer may be enough"])
    }

    private func notes(_ survey: DrillSurvey, _ loss: Loss, _ mesh: DrillMesh) -> [String] {
        var notes: [String] = []
        if survey.inventory.items.isEmpty { notes.append("nothing was published or stored from this machine") }
        if loss.nodes.isSuperset(of: mesh.alive) {
            notes.append("nobody would be left")
        } else if loss.nodes.contains(mesh.node) {
            notes.append("this machine is among the lost; what it holds does not count")
        }
        if survey.namesFailure != nil {
            notes.append(
                "the names cannot be read; objects that this node does not remember are lost with them, unlisted"
            )
        }
        if survey.unknownSegments > 0 {
            notes.append(
                "\(survey.unknownSegments) segments are known to nobody who would be left; they count as lost, and the "
                    + "smallest losses leave them out; 'holdfast drill --all-single' asks everybody"
            )
        }
        return notes
    }
}
