import Core
import Node
import Objects
import Testing
import Transport

/// A real node reads a segment from holders that do everything wrong, over loopback sockets.
@Suite(.timeLimit(.minutes(2)))
struct SegmentReaderTests {
    private static let code = (k: 2, n: 6)
    /// Holders that are honest, of pieces that are no data themselves.
    private static let honestCount = 2

    private struct Scene: Sendable {
        let reader: SegmentReader
        let node: TestNode
        let segment: SampleSegment
        let known: KnownSegment
        let holders: [FaultyHolder]

        func read(_ range: Range<Int>) async throws -> [UInt8] {
            Array(try await reader.read(range, of: known, grant: nil).readableBytesView)
        }

        /// The bytes of `range` come, and are right.
        func expect(_ range: Range<Int>) async throws {
            let isRight = try await read(range) == Array(segment.bytes[range])
            #expect(isRight, "\(range)")
        }
    }

    /// - Parameter faults: Of each holder, in order of its piece; `nil` is honest.
    private func withHolders(
        _ faults: [HolderFault?],
        _ body: @Sendable (Scene) async throws -> Void
    ) async throws {
        let node = try await TestNode(80)
        let owner = try SampleOwner(81)
        let code = try SegmentCode(dataCount: Self.code.k, totalCount: Self.code.n)
        let segment = try SampleSegment(82, owner: owner, code: code)
        let other = try SampleSegment(83, owner: owner, code: code)
        var known = KnownSegment(segment.record)
        var holders: [FaultyHolder] = []
        for (index, fault) in faults.enumerated() {
            let holder = try await FaultyHolder(
                fault,
                number: 90 + UInt64(index),
                holding: index,
                of: segment,
                other: other
            )
            node.meet(holder.key, at: holder.address)
            known.merge([try segment.statement(index, by: holder.key)], now: wallClock())
            holders.append(holder)
        }
        let work = BlockingWork(pool: .singleton)
        let scene = Scene(
            reader: SegmentReader(
                client: PieceClient(client: node.client, mesh: node.mesh, local: node.pieceDesk),
                mesh: node.mesh,
                coders: CoderCache(),
                work: work,
                logger: quiet
            ),
            node: node,
            segment: segment,
            known: known,
            holders: holders
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            for holder in scene.holders { group.addTask { await holder.server.run(holder) } }
            do {
                try await body(scene)
            } catch {
                group.cancelAll()
                throw error
            }
            await node.client.shutdown()
            group.cancelAll()
        }
        withExtendedLifetime(scene) {}
    }

    @Test func segment_withHonestHolders_isReadInAnyRange() async throws {
        try await withHolders(Array(repeating: nil, count: Self.code.n)) { scene in
            let bytes = scene.segment.bytes
            let ranges = [
                0..<bytes.count, 0..<1, 65_535..<65_537, 131_071..<131_073, (bytes.count - 1)..<bytes.count, 5..<5,
            ]
            for range in ranges { try await scene.expect(range) }
        }
    }

    /// As many faults as can be borne, on the pieces that are asked for first.
    @Test(arguments: HolderFault.allCases)
    func segment_withFaultyAndKHonestHolders_isReadRight(fault: HolderFault) async throws {
        // A silent one is waited for; two more are asked meanwhile, and they have to do.
        let faultyCount = fault == .silent ? 2 : Self.code.n - Self.honestCount
        let faults = (0..<Self.code.n).map { $0 < faultyCount ? fault : nil }
        try await withHolders(faults) { scene in
            try await scene.expect(0..<scene.segment.bytes.count)
            try await scene.expect(70_000..<200_000)
            #expect(scene.holders.prefix(Self.code.k).allSatisfy { $0.askedCount > 0 }, "the faults were met")
        }
    }

    /// Waiting for the same silent holders in every window would make a large read crawl.
    @Test func silentHolders_inLaterReads_areNotAskedAgain() async throws {
        let faults = (0..<Self.code.n).map { $0 < 2 ? HolderFault.silent : nil }
        try await withHolders(faults) { scene in
            try await scene.expect(0..<scene.segment.bytes.count)
            let before = scene.holders.map(\.askedCount)
            for _ in 0..<3 { try await scene.expect(70_000..<200_000) }
            let after = scene.holders.map(\.askedCount)
            #expect(after.prefix(2) == before.prefix(2), "the silent ones were asked again")
            #expect(before.prefix(2).allSatisfy { $0 == 1 })
        }
    }

    @Test(arguments: HolderFault.allCases.filter { $0 != .silent })
    func segment_withFewerThanKHonestHolders_failsAndSaysWhy(fault: HolderFault) async throws {
        let faults = (0..<Self.code.n).map { $0 > 0 ? fault : nil }
        try await withHolders(faults) { scene in
            let error = await #expect(throws: NodeError.self) { try await scene.read(0..<scene.segment.bytes.count) }
            #expect(error?.code == .mesh)
            let text = "\(String(describing: error))"
            #expect(text.contains("only 1 of 2 needed pieces came"), "\(text)")
            #expect(text.contains("\(scene.holders[1].key.id.short) (piece 1)"), "\(text)")
            // All who said to hold a piece were asked.
            #expect(scene.holders.allSatisfy { $0.askedCount > 0 })
        }
    }

    @Test func segment_whoseHoldersDifferInTheirFaults_isReadRight() async throws {
        let faults: [HolderFault?] = [.otherSegment, nil, .brokenOff, .long, .notFound, nil]
        try await withHolders(faults) { scene in
            try await scene.expect(0..<scene.segment.bytes.count)
        }
    }

    @Test func segment_ofWhichNobodySaysToHoldEnough_failsAtOnce() async throws {
        try await withHolders([nil]) { scene in
            let error = await #expect(throws: NodeError.self) { try await scene.read(0..<10) }
            #expect(error?.code == .mesh)
            #expect(scene.holders[0].askedCount == 0)
        }
    }
}
