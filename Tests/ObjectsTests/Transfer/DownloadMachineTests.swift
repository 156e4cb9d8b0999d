import Core
import Objects
import Testing

struct DownloadMachineTests {
    typealias Effect = DownloadMachine.Effect

    static func place(_ piece: Int, _ node: Int) throws -> PiecePlace {
        PiecePlace(piece: piece, node: try transferNode(node))
    }

    static func fetches(_ effects: [Effect]) -> [PiecePlace] {
        effects.compactMap {
            if case .fetch(let piece, let node) = $0 { PiecePlace(piece: piece, node: node) } else { nil }
        }
    }

    /// Three of nine; piece `p` on node `p`, and the places of `more` behind them.
    static func machine(pieces: [Int] = Array(0..<9), more: [PiecePlace] = []) throws -> DownloadMachine {
        DownloadMachine(dataCount: 3, totalCount: 9, holders: try pieces.map { try Self.place($0, $0) } + more)
    }

    @Test func start_parityListedFirst_fetchesDataPiecesFirst() throws {
        var machine = try Self.machine(pieces: [8, 2, 7, 0])
        let effects = machine.start(now: transferTime(0))
        #expect(try Self.fetches(effects) == [Self.place(2, 2), Self.place(0, 0), Self.place(8, 8)])
        #expect(effects.last == .wake(at: transferTime(500)))
        #expect(machine.start(now: transferTime(1)) == [])
    }

    @Test func start_dataPiecesWithDoubtfulHolders_fetchesParityFirst() throws {
        var machine = DownloadMachine(
            dataCount: 3,
            totalCount: 9,
            holders: try (0..<6).map { try Self.place($0, $0) } + [Self.place(1, 8)],
            doubtful: [try transferNode(0), try transferNode(1)]
        )
        let first = Self.fetches(machine.start(now: transferTime(0)))
        #expect(try first == [Self.place(2, 2), Self.place(1, 8), Self.place(3, 3)])
        for piece in 2..<4 {
            _ = machine.failed(piece, from: try transferNode(piece), reason: "", now: transferTime(1))
        }
        let last = Self.fetches(machine.failed(1, from: try transferNode(8), reason: "", now: transferTime(1)))
        #expect(try last == [Self.place(1, 1)])
    }

    @Test func enoughComplete_readyOnceAndNothingElse() throws {
        var machine = try Self.machine()
        _ = machine.start(now: transferTime(0))
        #expect(Self.fetches(machine.completed(2, from: try transferNode(2), now: transferTime(1))) == [])
        #expect(Self.fetches(machine.completed(0, from: try transferNode(0), now: transferTime(1))) == [])
        #expect(machine.completed(1, from: try transferNode(1), now: transferTime(2)) == [.ready([0, 1, 2])])
        #expect(machine.completed(1, from: try transferNode(1), now: transferTime(2)) == [])
        #expect(machine.tick(now: transferTime(90_000)) == [])
    }

    @Test func slowFetches_afterTheDelay_areHedgedUpToExtraAndCancelled() throws {
        var machine = try Self.machine()
        _ = machine.start(now: transferTime(0))
        #expect(Self.fetches(machine.tick(now: transferTime(499))) == [])
        machine.progressed(0, from: try transferNode(0), now: transferTime(499))
        #expect(try Self.fetches(machine.tick(now: transferTime(500))) == [Self.place(3, 3), Self.place(4, 4)])
        #expect(Self.fetches(machine.tick(now: transferTime(1_500))) == [])
        for piece in [0, 4] { _ = machine.completed(piece, from: try transferNode(piece), now: transferTime(1_600)) }
        let effects = machine.completed(3, from: try transferNode(3), now: transferTime(1_601))
        let cancels: [Effect] = [
            .cancel(piece: 1, from: try transferNode(1)), .cancel(piece: 2, from: try transferNode(2)),
        ]
        #expect(effects == cancels + [.ready([0, 3, 4])])
    }

    @Test func oneSlowFetch_afterTheDelay_getsOneHedge() throws {
        var machine = try Self.machine()
        _ = machine.start(now: transferTime(0))
        for piece in 0..<2 { _ = machine.completed(piece, from: try transferNode(piece), now: transferTime(10)) }
        #expect(try Self.fetches(machine.tick(now: transferTime(500))) == [Self.place(3, 3)])
    }

    @Test func failedFetch_otherHolderKnown_asksItBeforeAnotherPiece() throws {
        var machine = try Self.machine(more: [Self.place(1, 20)])
        _ = machine.start(now: transferTime(0))
        let first = machine.failed(1, from: try transferNode(1), reason: "gone", now: transferTime(1))
        #expect(try Self.fetches(first) == [Self.place(1, 20)])
        let second = machine.failed(1, from: try transferNode(20), reason: "gone", now: transferTime(2))
        #expect(try Self.fetches(second) == [Self.place(3, 3)])
        #expect(machine.failed(1, from: try transferNode(20), reason: "gone", now: transferTime(3)) == [])
    }

    @Test func slowFetch_noOtherPieceLeft_asksAnotherHolderAndCancelsTheLoser() throws {
        var machine = try Self.machine(pieces: [0, 1, 2], more: [Self.place(1, 20)])
        _ = machine.start(now: transferTime(0))
        #expect(try Self.fetches(machine.tick(now: transferTime(500))) == [Self.place(1, 20)])
        let effects = machine.completed(1, from: try transferNode(20), now: transferTime(501))
        #expect(effects.first == .cancel(piece: 1, from: try transferNode(1)))
        _ = machine.completed(0, from: try transferNode(0), now: transferTime(502))
        let last = machine.completed(2, from: try transferNode(2), now: transferTime(503))
        #expect(last == [.ready([0, 1, 2])])
    }

    @Test func silentHolder_afterItsTime_isCancelledAndItsLatePieceCounts() throws {
        var machine = try Self.machine(pieces: [0, 1, 2, 3, 4, 5])
        _ = machine.start(now: transferTime(0))
        _ = machine.tick(now: transferTime(500))
        for piece in [0, 1] { machine.progressed(piece, from: try transferNode(piece), now: transferTime(9_000)) }
        let effects = machine.tick(now: transferTime(15_000))
        #expect(effects.first == .cancel(piece: 2, from: try transferNode(2)))
        #expect(try Self.fetches(effects) == [Self.place(5, 5)])
        _ = machine.completed(2, from: try transferNode(2), now: transferTime(15_001))
        _ = machine.completed(0, from: try transferNode(0), now: transferTime(15_001))
        let last = machine.completed(1, from: try transferNode(1), now: transferTime(15_002))
        #expect(last.last == .ready([0, 1, 2]))
    }

    @Test func tooFewHolders_atStart_fails() throws {
        var machine = try Self.machine(pieces: [0, 1], more: [Self.place(1, 20), Self.place(9, 9), Self.place(-1, 9)])
        #expect(machine.start(now: transferTime(0)) == [.failed("only 0 of 3 needed pieces came")])
        #expect(machine.tick(now: transferTime(1)) == [])
    }

    @Test func tooFewLeft_afterFailures_cancelsAndFailsWithReasons() throws {
        var machine = try Self.machine(pieces: [0, 1, 2, 3])
        _ = machine.start(now: transferTime(0))
        _ = machine.completed(0, from: try transferNode(0), now: transferTime(1))
        _ = machine.failed(1, from: try transferNode(1), reason: "gone", now: transferTime(2))
        let effects = machine.failed(2, from: try transferNode(2), reason: "wrong bytes", now: transferTime(3))
        #expect(effects.count == 2)
        #expect(effects.first == .cancel(piece: 3, from: try transferNode(3)))
        guard case .failed(let text) = effects.last else {
            Issue.record("\(effects)")
            return
        }
        #expect(text.hasPrefix("only 1 of 3 needed pieces came; ") && text.hasSuffix("(piece 2): wrong bytes"))
    }
}
