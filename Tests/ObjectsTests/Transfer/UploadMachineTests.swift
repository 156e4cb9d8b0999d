import Core
import Objects
import Testing

struct UploadMachineTests {
    typealias Effect = UploadMachine.Effect

    /// Three data pieces of nine on nodes 0..<9, with two reserves.
    static func machine(durable: [PiecePlace] = [], reserves: Range<Int> = 9..<11) throws -> UploadMachine {
        UploadMachine(
            candidates: try transferNodes(0..<9),
            reserves: try transferNodes(reserves),
            dataCount: 3,
            totalCount: 9,
            durable: durable
        )
    }

    static func sends(_ effects: [Effect]) -> [PiecePlace] {
        effects.compactMap {
            if case .send(let piece, let node) = $0 { PiecePlace(piece: piece, node: node) } else { nil }
        }
    }

    static func place(_ piece: Int, _ node: Int) throws -> PiecePlace {
        PiecePlace(piece: piece, node: try transferNode(node))
    }

    @Test(arguments: [(1, 1, 1), (1, 2, 2), (1, 3, 2), (2, 6, 4), (3, 9, 6), (10, 30, 20), (10, 14, 14)])
    func threshold_anyCode_isDataAndAThird(dataCount: Int, totalCount: Int, expected: Int) {
        #expect(UploadMachine.threshold(dataCount: dataCount, totalCount: totalCount) == expected)
    }

    @Test func allStored_inOrder_acknowledgesOnceAndFinishes() throws {
        var machine = try Self.machine()
        let started = machine.start(now: transferTime(0))
        #expect(try Self.sends(started) == (0..<9).map { try Self.place($0, $0) })
        #expect(started.last == .wake(at: transferTime(15_000)))
        var effects: [[Effect]] = []
        for piece in 0..<9 {
            effects.append(machine.stored(piece, by: try transferNode(piece), now: transferTime(1)))
        }
        #expect(effects.map { $0.contains(.acknowledged) } == (0..<9).map { $0 == 5 })
        guard case .finished(let outcome) = effects[8].last else {
            Issue.record("\(effects[8])")
            return
        }
        #expect(try outcome.placed == (0..<9).map { try Self.place($0, $0) })
        #expect(outcome.missing == [] && outcome.reason == nil)
        #expect(machine.tick(now: transferTime(99_999)) == [])
    }

    @Test func refused_withReserves_asksTheNextReserve() throws {
        var machine = try Self.machine()
        _ = machine.start(now: transferTime(0))
        let effects = machine.refused(4, by: try transferNode(4), reason: "full", now: transferTime(1))
        #expect(try Self.sends(effects) == [Self.place(4, 9)])
        #expect(machine.refused(4, by: try transferNode(4), reason: "full", now: transferTime(2)) == [])
        let second = machine.refused(4, by: try transferNode(9), reason: "full", now: transferTime(3))
        #expect(try Self.sends(second) == [Self.place(4, 10)])
    }

    @Test func silentNode_afterItsTime_isGivenUpButItsLateAnswerCounts() throws {
        var machine = try Self.machine()
        _ = machine.start(now: transferTime(0))
        for piece in 0..<8 where piece != 2 {
            _ = machine.stored(piece, by: try transferNode(piece), now: transferTime(10))
        }
        machine.progressed(8, by: try transferNode(8), now: transferTime(14_000))
        #expect(Self.sends(machine.tick(now: transferTime(14_999))) == [])
        #expect(try Self.sends(machine.tick(now: transferTime(15_000))) == [Self.place(2, 9)])
        let late = machine.stored(2, by: try transferNode(2), now: transferTime(15_001))
        #expect(late == [.wake(at: transferTime(29_000))])
        #expect(machine.stored(2, by: try transferNode(9), now: transferTime(15_002)) == [])
        #expect(try machine.durable.contains(Self.place(2, 2)))
    }

    @Test func reservesUsedUp_somePieces_finishesWithDebtAndReasons() throws {
        var machine = try Self.machine(reserves: 9..<9)
        _ = machine.start(now: transferTime(0))
        for piece in 0..<6 { _ = machine.stored(piece, by: try transferNode(piece), now: transferTime(1)) }
        var last: [Effect] = []
        for piece in 6..<9 {
            last = machine.refused(piece, by: try transferNode(piece), reason: "full", now: transferTime(2))
        }
        guard case .finished(let outcome) = last.last else {
            Issue.record("\(last)")
            return
        }
        #expect(outcome.missing == [6, 7, 8])
        #expect(outcome.placed.count == 6)
        #expect(outcome.reason?.hasPrefix("6 of 9 pieces found a node; ") == true)
    }

    @Test func tooManyRefusals_beforeTheThreshold_failsAtOnceAndNamesThree() throws {
        var machine = try Self.machine(reserves: 9..<10)
        _ = machine.start(now: transferTime(0))
        var effects: [Effect] = []
        for piece in 0..<5 {
            #expect(!effects.contains { if case .failed = $0 { true } else { false } })
            effects = machine.refused(piece, by: try transferNode(piece), reason: "full", now: transferTime(1))
        }
        guard case .failed(let text) = effects.last else {
            Issue.record("\(effects)")
            return
        }
        #expect(effects.count == 1)
        #expect(text.hasPrefix("0 of 6 needed pieces found a node; "))
        #expect(text.hasSuffix("(piece 2): full; and 2 more"))
        #expect(machine.stored(7, by: try transferNode(7), now: transferTime(2)) == [])
    }

    @Test func resumption_someDurable_sendsOnlyTheRest() throws {
        var machine = try Self.machine(durable: [Self.place(0, 20), Self.place(1, 20), Self.place(4, 4)])
        let effects = machine.start(now: transferTime(0))
        #expect(try Self.sends(effects) == [1, 2, 3, 5, 6, 7, 8].map { try Self.place($0, $0) })
        #expect(try machine.durable == [Self.place(0, 20), Self.place(4, 4)])
    }

    @Test func resumption_enoughDurable_acknowledgesAtOnce() throws {
        let durable = try (0..<9).map { try Self.place($0, $0 + 20) }
        var machine = try Self.machine(durable: durable)
        let outcome = try #require(machine.start(now: transferTime(0)).last)
        #expect(machine.durable == durable)
        guard case .finished(let placed) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(placed.placed == durable)
    }

    @Test func fewNodes_severalAllowed_takeTheRestOnceTheyHoldOne() throws {
        var machine = UploadMachine(
            candidates: try transferNodes(0..<2),
            reserves: [],
            dataCount: 2,
            totalCount: 4,
            allowsSeveral: true
        )
        #expect(try Self.sends(machine.start(now: transferTime(0))) == [Self.place(0, 0), Self.place(1, 1)])
        let more = machine.stored(0, by: try transferNode(0), now: transferTime(1))
        #expect(try Self.sends(more) == [Self.place(2, 0), Self.place(3, 0)])
        #expect(Self.sends(machine.refused(3, by: try transferNode(0), reason: "full", now: transferTime(2))) == [])
        #expect(try Self.sends(machine.stored(1, by: transferNode(1), now: transferTime(3))) == [Self.place(3, 1)])
    }

    @Test func stranger_reportsAPiece_isIgnored() throws {
        var machine = try Self.machine()
        _ = machine.start(now: transferTime(0))
        #expect(machine.stored(0, by: try transferNode(1), now: transferTime(1)) == [])
        #expect(machine.stored(77, by: try transferNode(1), now: transferTime(1)) == [])
        #expect(machine.refused(-1, by: try transferNode(1), reason: "", now: transferTime(1)) == [])
        #expect(machine.durable == [])
    }
}
