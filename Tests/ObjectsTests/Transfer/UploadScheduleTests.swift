import Core
import Objects
import Testing

/// Uploads to meshes whose nodes store, refuse, stall or answer late, under a seed.
struct UploadScheduleTests {
    enum Event {
        case stored(PiecePlace)
        case refused(PiecePlace)
        case progressed(PiecePlace)
        case tick
    }

    /// What happened in one upload.
    struct Run: Equatable {
        var effects: [UploadMachine.Effect] = []
        /// What nodes hold in truth.
        var held: Set<PiecePlace> = []
        /// Durable pieces that the machine knew of when it acknowledged.
        var durableAtAcknowledgement: Int?
        var durableAtEnd: [PiecePlace] = []
        var endings: [UploadMachine.Effect] = []
        var steps = 0
    }

    static func run(seed: UInt64, allowsSeveral: Bool) throws -> (Run, threshold: Int, totalCount: Int) {
        var rng = SplitMix64(seed: seed)
        let dataCount = Int.random(in: 1...10, using: &rng)
        let totalCount = 3 * dataCount
        let nodeCount = allowsSeveral ? Int.random(in: 1...totalCount, using: &rng) : totalCount
        let reserveCount = Int.random(in: 0...12, using: &rng)
        let faulty = Int.random(in: 0...100, using: &rng)
        let resumed = Int.random(in: 0...2, using: &rng) == 0
        var machine = UploadMachine(
            candidates: try transferNodes(0..<nodeCount),
            reserves: try transferNodes(nodeCount..<nodeCount + reserveCount),
            dataCount: dataCount,
            totalCount: totalCount,
            durable: resumed ? try (0..<dataCount).map { PiecePlace(piece: $0, node: try transferNode(100 + $0)) } : [],
            allowsSeveral: allowsSeveral
        )
        var run = Run()
        run.held = Set(machine.durable)
        var agenda = TransferAgenda<Event>()
        var pending = machine.start(now: transferTime(0))
        var now = transferTime(0)
        while true {
            for effect in pending {
                run.effects.append(effect)
                switch effect {
                case .send(let piece, let node):
                    let place = PiecePlace(piece: piece, node: node)
                    Self.plan(place, faulty: faulty, now: now, &agenda, using: &rng)
                case .acknowledged: run.durableAtAcknowledgement = machine.durable.count
                case .finished, .failed: run.endings.append(effect)
                case .wake(let instant): agenda.add(.tick, at: instant)
                }
            }
            guard let next = agenda.next(), run.steps < 20_000 else { break }
            run.steps += 1
            now = max(now, next.time)
            switch next.event {
            case .stored(let place):
                run.held.insert(place)
                pending = machine.stored(place.piece, by: place.node, now: now)
            case .refused(let place):
                pending = machine.refused(place.piece, by: place.node, reason: "full", now: now)
            case .progressed(let place):
                machine.progressed(place.piece, by: place.node, now: now)
                pending = []
            case .tick: pending = machine.tick(now: now)
            }
        }
        run.durableAtEnd = machine.durable
        return (run, UploadMachine.threshold(dataCount: dataCount, totalCount: totalCount), totalCount)
    }

    /// What this node will do with this piece; `faulty` is a percentage.
    static func plan(
        _ place: PiecePlace,
        faulty: Int,
        now: Instant,
        _ agenda: inout TransferAgenda<Event>,
        using rng: inout SplitMix64
    ) {
        let delay = Duration.milliseconds(Int.random(in: 1...5_000, using: &rng))
        guard Int.random(in: 0..<100, using: &rng) < faulty else { return agenda.add(.stored(place), at: now + delay) }
        switch Int.random(in: 0..<4, using: &rng) {
        case 0: agenda.add(.refused(place), at: now + delay)
        case 1: break
        case 2: agenda.add(.stored(place), at: now + .seconds(15) + delay)
        default:
            agenda.add(.progressed(place), at: now + delay)
            agenda.add(.stored(place), at: now + .seconds(15))
        }
    }

    @Test func anySchedule_strict_endsOnceWithExactThresholdsAndOnePiecePerNode() throws {
        var (finished, failed, debts) = (0, 0, 0)
        for seed in 0..<400 as Range<UInt64> {
            let (run, threshold, totalCount) = try Self.run(seed: seed, allowsSeveral: false)
            #expect(run.endings.count == 1, "seed \(seed)")
            Self.expectConsistent(run, threshold, totalCount, seed)
            let asked = UploadMachineTests.sends(run.effects)
            #expect(Set(asked.map(\.node)).count == asked.count, "seed \(seed): a node was asked twice")
            #expect(Set(run.durableAtEnd.map(\.node)).count == run.durableAtEnd.count, "seed \(seed)")
            #expect(Set(run.held.map(\.node)).count == run.held.count, "seed \(seed)")
            guard case .finished(let outcome) = run.endings.first else {
                failed += 1
                continue
            }
            finished += 1
            debts += outcome.missing.isEmpty ? 0 : 1
        }
        #expect(finished > 100 && failed > 20 && debts > 20, "\(finished) finished, \(failed) failed, \(debts) debts")
    }

    @Test func anySchedule_severalAllowed_endsOnceWithExactThresholds() throws {
        for seed in 1_000..<1_400 as Range<UInt64> {
            let (run, threshold, totalCount) = try Self.run(seed: seed, allowsSeveral: true)
            #expect(run.endings.count == 1, "seed \(seed)")
            Self.expectConsistent(run, threshold, totalCount, seed)
        }
    }

    @Test func sameSeed_twice_givesTheSameEffects() throws {
        for seed in 0..<40 as Range<UInt64> {
            let several = seed.isMultiple(of: 2)
            let first = try Self.run(seed: seed, allowsSeveral: several).0
            #expect(try Self.run(seed: seed, allowsSeveral: several).0 == first)
        }
    }

    private static func expectConsistent(_ run: Run, _ threshold: Int, _ totalCount: Int, _ seed: UInt64) {
        #expect(run.effects.count { $0 == .acknowledged } == (run.durableAtAcknowledgement == nil ? 0 : 1))
        #expect(Set(run.durableAtEnd).isSubset(of: run.held), "seed \(seed): a piece is nowhere")
        #expect(Set(run.durableAtEnd.map(\.piece)).count == run.durableAtEnd.count, "seed \(seed)")
        switch run.endings.first {
        case .finished(let outcome):
            #expect(run.durableAtAcknowledgement.map { $0 >= threshold } == true, "seed \(seed)")
            #expect(outcome.placed == run.durableAtEnd && outcome.placed.count >= threshold, "seed \(seed)")
            #expect((outcome.placed.map(\.piece) + outcome.missing).sorted() == Array(0..<totalCount), "seed \(seed)")
            #expect((outcome.reason == nil) == outcome.missing.isEmpty, "seed \(seed)")
        case .failed:
            #expect(run.durableAtAcknowledgement == nil, "seed \(seed): failed after it was acknowledged")
            #expect(run.durableAtEnd.count < threshold, "seed \(seed)")
        default: Issue.record("seed \(seed) did not end")
        }
    }
}
