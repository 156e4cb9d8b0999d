import BlockStore
import Content
import Core
import Exchange
import Gateway
import Node
import Testing

/// A real node reads and copies from peers that do everything wrong, over loopback sockets.
@Suite(.timeLimit(.minutes(2)))
struct FaultyPeerTests {
    /// A reader, an honest node and a faulty one; both are members that are alive and have every site.
    private struct Trio: Sendable {
        let reader: TestNode
        let good: TestNode
        let faulty: FaultyPeer

        /// A site that has not been asked for yet, at both.
        func site(_ seed: UInt64, leaves: Int = 3) throws -> SampleSite {
            let site = try SampleSite(seed, leaves: leaves)
            try good.store.take(site, at: wallClock())
            faulty.take(site.blocks)
            return site
        }

        /// Whom to ask first is drawn by lot among nodes that nobody knows yet, and who is overtaken is not judged:
        /// sites are asked for until the fault was seen.
        func untilFaultIsSeen(_ body: (SampleSite) async throws -> Void) async throws {
            for seed in 1...64 as ClosedRange<UInt64> {
                try await body(try site(seed))
                if faulty.fault.isLie ? reader.exchange.wrongBytesCount > 0 : faulty.askedCount > 0 { return }
            }
            Issue.record("the fault was never seen")
        }

        func expectLiarIsLast() {
            guard faulty.fault.isLie else { return }
            #expect(reader.exchange.wrongBytesCount >= 1)
            for _ in 0..<8 { #expect(reader.exchange.order([faulty.id, good.id]).last == faulty.id) }
        }
    }

    /// Short where the fault is that time passes, else longer than a busy machine takes.
    private static func timeouts(_ fault: Fault) -> ExchangeTimeouts {
        var timeouts = ExchangeTimeouts()
        timeouts.answer = .seconds(fault == .silent ? 3 : 60)
        timeouts.body = .seconds(fault == .dripping || fault == .silent ? 3 : 60)
        return timeouts
    }

    private func withTrio(_ fault: Fault, _ body: @Sendable (Trio) async throws -> Void) async throws {
        let trio = Trio(
            reader: try await TestNode(10, timeouts: Self.timeouts(fault)),
            good: try await TestNode(11),
            faulty: try await FaultyPeer(fault, number: 12)
        )
        trio.reader.meet(trio.good.key, at: trio.good.address)
        trio.reader.meet(trio.faulty.key, at: trio.faulty.address)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await trio.good.server.run(trio.good.router) }
            group.addTask { await trio.faulty.server.run(trio.faulty) }
            do {
                try await body(trio)
            } catch {
                group.cancelAll()
                throw error
            }
            await trio.reader.client.shutdown()
            await trio.good.client.shutdown()
            group.cancelAll()
        }
        withExtendedLifetime(trio) {}
    }

    // MARK: - Copies

    @Test(arguments: Fault.all)
    func copy_withAFaultyAndAGoodProvider_bringsTheRightBytes(fault: Fault) async throws {
        try await withTrio(fault) { trio in
            try await trio.untilFaultIsSeen { site in
                let providers = [trio.faulty.id, trio.good.id]
                try await trio.reader.copier.copy([site.root], owner: "a", from: providers, callOff: .init())
                try trio.reader.store.expectAll(of: site.blocks)
                #expect(try trio.reader.store.isPinned(site.root))
            }
            trio.expectLiarIsLast()
            #expect(try trio.reader.store.recount().isSound)
        }
    }

    @Test(arguments: Fault.all)
    func copy_withOnlyAFaultyProvider_failsAndLeavesNothing(fault: Fault) async throws {
        try await withTrio(fault) { trio in
            let site = try trio.site(1)
            let error = await #expect(throws: NodeError.self) {
                try await trio.reader.copier.copy([site.root], owner: "a", from: [trio.faulty.id], callOff: .init())
            }
            #expect(error?.code == .mesh)
            #expect(trio.reader.exchange.wrongBytesCount == (fault.isLie ? 1 : 0))
            try trio.reader.store.expectNothing(of: site)
        }
    }

    /// The first of two sites is copied whole before the second fails: all or nothing.
    @Test func copy_whereTheSecondRootIsNowhere_leavesNothing() async throws {
        try await withTrio(.notFound) { trio in
            let site = try trio.site(1)
            let nowhere = try SampleSite(2)
            await #expect(throws: NodeError.self) {
                try await trio.reader.copier.copy(
                    [site.root, nowhere.root],
                    owner: "a",
                    from: [trio.good.id],
                    callOff: .init()
                )
            }
            try trio.reader.store.expectNothing(of: site)
            #expect(trio.reader.exchange.wrongBytesCount == 0)
        }
    }

    @Test func copy_calledOff_leavesNothing() async throws {
        try await withTrio(.notFound) { trio in
            let site = try trio.site(1)
            let callOff = SiteCopier.CallOff()
            callOff.callOff()
            await #expect(throws: NodeError.self) {
                try await trio.reader.copier.copy([site.root], owner: "a", from: [trio.good.id], callOff: callOff)
            }
            try trio.reader.store.expectNothing(of: site)
        }
    }

    /// The publisher made it wrong; who sends it as it is has not lied.
    @Test func copy_ofMalformedContent_failsAndBlamesNoProvider() async throws {
        try await withTrio(.none) { trio in
            let malformed = Block(hashing: [0xFF, 0xFF, 0xFF], codec: .dagPB)
            trio.faulty.take([malformed])
            await #expect(throws: (any Error).self) {
                let providers = [trio.faulty.id]
                try await trio.reader.copier.copy([malformed.cid], owner: "a", from: providers, callOff: .init())
            }
            #expect(trio.faulty.askedCount > 0)
            #expect(trio.reader.exchange.wrongBytesCount == 0)
            #expect(trio.reader.store.accounting.total == 0)
        }
    }

    // MARK: - Reading

    /// An endless answer is always overtaken before its end; see ``endlessEntity_isCutOff()``.
    @Test(arguments: Fault.all.filter { $0 != .endless })
    func entity_withAFaultyAndAGoodProvider_bringsTheRightBytes(fault: Fault) async throws {
        try await withTrio(fault) { trio in
            try await trio.untilFaultIsSeen { site in
                try trio.reader.learn(site, heldBy: [trio.faulty.id, trio.good.id])
                // An answer without what is needed is no answer: the other provider's counts.
                try await trio.reader.source.fetchEntity(root: site.root, path: [SampleSite.fileName], bytes: nil)
                try trio.reader.store.expectAll(of: site.blocks)
            }
            trio.expectLiarIsLast()
            #expect(try trio.reader.store.recount().isSound)
        }
    }

    @Test(arguments: Fault.all)
    func blocks_withAFaultyAndAGoodProvider_bringTheRightBytes(fault: Fault) async throws {
        try await withTrio(fault) { trio in
            try await trio.untilFaultIsSeen { site in
                try trio.reader.learn(site, heldBy: [trio.faulty.id, trio.good.id])
                // Twice the same: a file may have a leaf in many places.
                let cids = site.leaves.map(\.cid)
                try await trio.reader.source.fetchBlocks(cids + cids, under: site.root)
                try trio.reader.store.expectAll(of: site.leaves)
            }
            trio.expectLiarIsLast()
        }
    }

    @Test(arguments: Fault.all)
    func entity_withOnlyAFaultyProvider_failsAndStoresNothing(fault: Fault) async throws {
        try await withTrio(fault) { trio in
            let site = try trio.site(1)
            try trio.reader.learn(site, heldBy: [trio.faulty.id])
            let error = await #expect(throws: ContentUnavailable.self) {
                try await trio.reader.source.fetchEntity(root: site.root, path: [SampleSite.fileName], bytes: nil)
            }
            let expected: ContentUnavailable.Code =
                switch fault {
                case .empty, .notFound: .notFound
                case .serverError, .brokenOff, .dripping, .silent: .timedOut
                default: .unverifiable
                }
            #expect(error?.code == expected, "\(String(describing: error))")
            #expect((trio.reader.exchange.wrongBytesCount > 0) == fault.isLie)
            try trio.reader.store.expectNothing(of: site)
        }
    }

    /// A block that is no site's root is looked for; who says to have it and does not is not believed twice.
    @Test(arguments: [Fault.notFound, .bitFlipped, .empty, .garbage])
    func loneBlock_whereTheFirstToSayYesHasItNot_comesFromAnother(fault: Fault) async throws {
        try await withTrio(fault) { trio in
            try await trio.untilFaultIsSeen { site in
                try trio.reader.learn(site, heldBy: [trio.faulty.id, trio.good.id])
                let leaf = site.leaves[0]
                try await trio.reader.source.fetchBlocks([leaf.cid], under: leaf.cid)
                try trio.reader.store.expectAll(of: [leaf])
            }
        }
    }

    @Test func endlessEntity_isCutOff() async throws {
        try await withTrio(.endless) { trio in
            let site = try trio.site(1)
            try trio.reader.learn(site, heldBy: [trio.faulty.id])
            await #expect(throws: ContentUnavailable.self) {
                try await trio.reader.source.fetchEntity(root: site.root, path: [], bytes: nil)
            }
            for await _ in trio.faulty.cutOff {}
            try trio.reader.store.expectNothing(of: site)
        }
    }

    @Test func endlessAnswer_isCutOff() async throws {
        try await withTrio(.endless) { trio in
            let site = try trio.site(1)
            try trio.reader.learn(site, heldBy: [trio.faulty.id])
            await #expect(throws: ContentUnavailable.self) {
                try await trio.reader.source.fetchBlocks([site.root], under: site.root)
            }
            for await _ in trio.faulty.cutOff {}
        }
    }

    /// Several readers ask a cold gateway for one file: whoever comes second finds that nothing of the answer is new.
    @Test func entity_thatOthersFetchedMeanwhile_isNoFailure() async throws {
        try await withTrio(.serverError) { trio in
            for seed in 1...8 as ClosedRange<UInt64> {
                let site = try trio.site(seed)
                try trio.reader.learn(site, heldBy: [trio.good.id, trio.faulty.id])
                try await withThrowingTaskGroup(of: Void.self) { readers in
                    for _ in 0..<4 {
                        readers.addTask {
                            let source = trio.reader.source
                            try await source.fetchEntity(root: site.root, path: [SampleSite.fileName], bytes: nil)
                        }
                    }
                    try await readers.waitForAll()
                }
                // Nothing is missing any more, so every answer is late.
                try await trio.reader.source.fetchEntity(root: site.root, path: [SampleSite.fileName], bytes: nil)
                try trio.reader.store.expectAll(of: site.blocks)
            }
        }
    }

    /// An entity larger than one answer may bring comes in part, and who sends it is no liar.
    @Test func entity_largerThanOneAnswer_comesInPart() async throws {
        try await withTrio(.notFound) { trio in
            let site = try SampleSite(5, leaves: 66, leafBytes: 1 << 20)
            try trio.good.store.take(site, at: wallClock())
            try trio.reader.learn(site, heldBy: [trio.good.id])
            try await trio.reader.source.fetchEntity(root: site.root, path: [SampleSite.fileName], bytes: nil)
            let cids = site.blocks.map(\.cid)
            let came = try trio.reader.store.contains(cids)
            #expect(came.contains(site.leaves[60].cid))
            #expect(came.count < cids.count)
            #expect(trio.reader.exchange.wrongBytesCount == 0)
            try await trio.reader.source.fetchBlocks(cids.filter { !came.contains($0) }, under: site.root)
            try trio.reader.store.expectAll(of: site.blocks)
        }
    }

    /// That there is no such name is proven by the blocks that were read for it.
    @Test func entity_ofAPathThatIsNotThere_bringsTheProof() async throws {
        try await withTrio(.notFound) { trio in
            let site = try trio.site(1)
            try trio.reader.learn(site, heldBy: [trio.good.id])
            try await trio.reader.source.fetchEntity(root: site.root, path: ["none"], bytes: nil)
            #expect(try trio.reader.store.contains(site.root))
            #expect(trio.reader.exchange.wrongBytesCount == 0)
        }
    }
}
