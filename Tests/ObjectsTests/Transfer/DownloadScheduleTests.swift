import Core
import Objects
import Testing

/// Downloads from holders that answer, fail, stall or answer late, under a seed.
struct DownloadScheduleTests {
    enum Event {
        case completed(PiecePlace)
        case failed(PiecePlace)
        case tick
    }

    /// What happened in one download.
    struct Run: Equatable {
        var effects: [DownloadMachine.Effect] = []
        var arrived: Set<Int> = []
        var endings: [DownloadMachine.Effect] = []
        /// Pieces that had arrived when it ended.
        var arrivedAtEnd = 0
        var fetchesRunningMax = 0
        var running: Set<PiecePlace> = []
        var dataCount = 0
        /// Different pieces that some holder would have given in the end.
        var reachable: Set<Int> = []
    }

    static func run(seed: UInt64) throws -> Run {
        var rng = SplitMix64(seed: seed)
        let dataCount = Int.random(in: 1...10, using: &rng)
        let totalCount = 3 * dataCount
        let faulty = Int.random(in: 0...100, using: &rng)
        var holders = try (0..<totalCount).map { PiecePlace(piece: $0, node: try transferNode($0)) }
        holders += try (0..<Int.random(in: 0...5, using: &rng)).map {
            PiecePlace(piece: Int.random(in: 0..<totalCount, using: &rng), node: try transferNode(100 + $0))
        }
        holders = Array(holders.shuffled(using: &rng).prefix(Int.random(in: dataCount...holders.count, using: &rng)))
        var machine = DownloadMachine(dataCount: dataCount, totalCount: totalCount, holders: holders)
        var run = Run()
        run.dataCount = dataCount
        var agenda = TransferAgenda<Event>()
        var now = transferTime(0)
        var pending = machine.start(now: now)
        var steps = 0
        while true {
            for effect in pending { Self.apply(effect, &run, &agenda, now, faulty, using: &rng) }
            run.fetchesRunningMax = max(run.fetchesRunningMax, run.running.count)
            guard let next = agenda.next(), steps < 20_000 else { break }
            steps += 1
            now = max(now, next.time)
            switch next.event {
            case .completed(let place):
                run.running.remove(place)
                run.arrived.insert(place.piece)
                pending = machine.completed(place.piece, from: place.node, now: now)
            case .failed(let place):
                run.running.remove(place)
                pending = machine.failed(place.piece, from: place.node, reason: "gone", now: now)
            case .tick: pending = machine.tick(now: now)
            }
        }
        return run
    }

    static func apply(
        _ effect: DownloadMachine.Effect,
        _ run: inout Run,
        _ agenda: inout TransferAgenda<Event>,
        _ now: Instant,
        _ faulty: Int,
        using rng: inout SplitMix64
    ) {
        run.effects.append(effect)
        switch effect {
        case .fetch(let piece, let node):
            let place = PiecePlace(piece: piece, node: node)
            run.running.insert(place)
            let delay = Duration.milliseconds(Int.random(in: 1...2_000, using: &rng))
            let isFaulty = Int.random(in: 0..<100, using: &rng) < faulty
            switch isFaulty ? Int.random(in: 1...3, using: &rng) : 0 {
            case 0:
                run.reachable.insert(piece)
                agenda.add(.completed(place), at: now + delay)
            case 1: agenda.add(.failed(place), at: now + delay)
            case 2: agenda.add(.completed(place), at: now + .seconds(15) + delay)
            default: break
            }
        case .cancel(let piece, let node):
            run.running.remove(PiecePlace(piece: piece, node: node))
        case .wake(let instant): agenda.add(.tick, at: instant)
        case .ready, .failed:
            run.endings.append(effect)
            run.arrivedAtEnd = run.arrived.count
        }
    }

    @Test func anySchedule_endsOnceWithExactlyThePiecesNeeded() throws {
        var (ready, failed) = (0, 0)
        for seed in 0..<500 as Range<UInt64> {
            let run = try Self.run(seed: seed)
            #expect(run.endings.count == 1, "seed \(seed)")
            #expect(run.running.isEmpty, "seed \(seed): a fetch runs on after the end")
            #expect(run.fetchesRunningMax <= run.dataCount + DownloadMachine.extraDefault, "seed \(seed)")
            let fetches = DownloadMachineTests.fetches(run.effects)
            #expect(Set(fetches).count == fetches.count, "seed \(seed): one holder was asked twice for a piece")
            switch run.endings.first {
            case .ready(let pieces):
                ready += 1
                #expect(pieces.count == run.dataCount && run.arrivedAtEnd == run.dataCount, "seed \(seed)")
                #expect(pieces == Array(Set(pieces)).sorted() && run.arrived.isSuperset(of: pieces), "seed \(seed)")
            case .failed:
                failed += 1
                #expect(run.arrivedAtEnd < run.dataCount && run.reachable.count < run.dataCount, "seed \(seed)")
            default: Issue.record("seed \(seed) did not end")
            }
        }
        #expect(ready > 150 && failed > 50, "\(ready) ready, \(failed) failed")
    }

    @Test func fewFaults_anySchedule_nobodyWaitsForTheSilent() throws {
        for seed in 0..<200 as Range<UInt64> {
            var machine = DownloadMachine(
                dataCount: 4,
                totalCount: 12,
                holders: try (0..<12).map { PiecePlace(piece: $0, node: try transferNode($0)) }
            )
            // Two of the holders asked first never answer; the others do at once.
            var rng = SplitMix64(seed: seed)
            let silent = Set((0..<4).shuffled(using: &rng).prefix(2))
            var effects = machine.start(now: transferTime(0))
            for piece in 0..<4 where !silent.contains(piece) {
                effects += machine.completed(piece, from: try transferNode(piece), now: transferTime(20))
            }
            let hedges = DownloadMachineTests.fetches(machine.tick(now: transferTime(500)))
            #expect(hedges.count == 2)
            for place in hedges { effects += machine.completed(place.piece, from: place.node, now: transferTime(520)) }
            #expect(effects.contains { if case .ready = $0 { true } else { false } }, "seed \(seed)")
        }
    }

    @Test func sameSeed_twice_givesTheSameEffects() throws {
        for seed in 0..<40 as Range<UInt64> { #expect(try Self.run(seed: seed) == Self.run(seed: seed)) }
    }
}
