import Content
import Core
import Node
import Synchronization
import Testing

/// A drill reads every byte of a site from whole copies, and takes nothing that is not what was asked for.
@Suite(.timeLimit(.minutes(2)))
struct SiteReadingTests {
    private static func timeouts(_ fault: Fault) -> ExchangeTimeouts {
        var timeouts = ExchangeTimeouts()
        // Short where the fault is that time passes, else longer than a busy machine takes.
        let isSlow = fault == .silent || fault == .dripping
        timeouts.answer = .seconds(isSlow ? 3 : 60)
        // Half of an answer has to come within it.
        timeouts.body = .seconds(fault == .pausing ? 8 : isSlow ? 3 : 60)
        return timeouts
    }

    /// Reads a site of which `fault` and, if it is wanted, an honest node have a copy.
    ///
    /// - Returns: Bytes of the site, and those that were counted as read.
    private func read(_ fault: Fault, withGoodCopy: Bool, leaves: Int = 5) async throws -> (whole: Int, taken: Int) {
        let reader = try await TestNode(90, timeouts: Self.timeouts(fault))
        let (good, faulty) = (try await FaultyPeer(.none, number: 91), try await FaultyPeer(fault, number: 92))
        let site = try SampleSite(93, leaves: leaves)
        for peer in [good, faulty] {
            peer.take(site.blocks)
            reader.meet(peer.key, at: peer.address)
        }
        let taken = Mutex(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for peer in [good, faulty] { group.addTask { await peer.server.run(peer) } }
            defer { group.cancelAll() }
            do {
                var reading = SiteReading { count in taken.withLock { $0 += count } }
                let copies = withGoodCopy ? [faulty.id, good.id] : [faulty.id]
                try await reading.read([site.root], from: copies, reader.exchange)
            } catch {
                await reader.client.shutdown()
                throw error
            }
            await reader.client.shutdown()
        }
        withExtendedLifetime(reader) {}
        return (site.blocks.reduce(0) { $0 + $1.bytes.count }, taken.withLock { $0 })
    }

    @Test(arguments: Fault.all)
    func copies_ofWhichOneIsFaulty_areReadToTheLastByte(fault: Fault) async throws {
        let (whole, taken) = try await read(fault, withGoodCopy: true)
        #expect(whole == taken)
    }

    @Test(arguments: Fault.all)
    func copy_thatIsFaulty_isNotReadable(fault: Fault) async throws {
        let error = await #expect(throws: NodeError.self) { try await read(fault, withGoodCopy: false) }
        #expect(
            error?.message.contains("none of 1 whole copies gave the block") == true,
            "\(String(describing: error))"
        )
    }

    /// Its time runs out in the middle of each answer, and it is asked for the rest.
    @Test func copy_thatIsSlowButGetsOn_isReadToTheLastByte() async throws {
        let (whole, taken) = try await read(.pausing, withGoodCopy: false, leaves: 2)
        #expect(whole == taken)
    }

    @Test func noCopy_isSaid() async throws {
        let reader = try await TestNode(94)
        var reading = SiteReading { _ in }
        await #expect(throws: NodeError.self) { try await reading.read([], from: [], reader.exchange) }
        await reader.client.shutdown()
    }
}
