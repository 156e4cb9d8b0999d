import Core
import Mesh
import Simulation
import Testing

/// A node that was away for so long, or whose clock is so wrong, that all records it remembers seem to have ended.
struct AwayTests {
    private let fixtures = RecordFixtures()

    /// The nodes that are spoken to at a start that is `later` than the record of the other node.
    private func asked(later: Duration) -> (targets: [NodeID], locators: [Locator], certain: Instant?) {
        let now = fixtures.now + later
        var rng = SplitMix64(seed: 3)
        var machine = fixtures.machine(now: now)
        let known = fixtures.record(of: fixtures.other)
        _ = machine.remember([(known.header.key, known.version, known.bytes)], now: now)
        let targets = machine.start(now: now, using: &rng).compactMap { effect -> NodeID? in
            if case .send(_, let target) = effect { target } else { nil }
        }
        return (Array(Set(targets)), machine.locators(of: fixtures.other.id), machine.certainNow(now))
    }

    @Test(arguments: [0, 3, 365, -365])
    func node_thatRemembersOnlyEndedRecords_asksWhereTheOthersWere(days: Int) {
        let asked = asked(later: .seconds(86_400 * days))
        #expect(asked.targets == [fixtures.other.id])
        #expect(asked.locators == fixtures.claims.locators)
        // Nobody has said yet what time it is.
        #expect(asked.certain == nil)
    }

    @Test func node_alone_needsNobodyToKnowTheTime() {
        let machine = fixtures.machine()
        #expect(machine.certainNow(fixtures.now) == fixtures.now)
    }

    /// What a node says at its start to the one of these tests, by a clock that is `ahead`.
    private func said(
        by key: SigningKey<NodeRole>,
        _ owner: SigningKey<OperatorRole>,
        ahead: Duration,
        later: Duration = .zero
    ) -> [[UInt8]] {
        var rng = SplitMix64(seed: 4)
        var speaker = MeshMachine(
            genesis: fixtures.genesis,
            identity: .init(node: key, operator: owner, claims: fixtures.claims),
            judge: NoOtherRecords(),
            contacts: [fixtures.node.id: fixtures.claims.locators],
            now: fixtures.now + later + ahead
        )
        return speaker.start(now: fixtures.now + later + ahead, using: &rng).compactMap { effect in
            if case .send(let bytes, _) = effect { bytes } else { nil }
        }
    }

    @Test func clocks_ofStrangers_doNotOutvoteAMember() throws {
        let year = Duration.seconds(365 * 86_400)
        var rng = SplitMix64(seed: 5)
        var machine = fixtures.machine()
        func hear(_ key: SigningKey<NodeRole>, _ owner: SigningKey<OperatorRole>, ahead: Duration) {
            for bytes in said(by: key, owner, ahead: ahead) {
                _ = machine.handle(bytes, from: key.id, address: nil, now: fixtures.now, using: &rng)
            }
        }
        hear(fixtures.other, fixtures.founder, ahead: .milliseconds(3))
        for _ in 0..<5 { hear(.generate(using: &rng), fixtures.guest, ahead: year) }
        #expect(machine.clockOffset == .milliseconds(3))
        // Members do, once there are more of them.
        for _ in 0..<3 { hear(.generate(using: &rng), fixtures.founder, ahead: .milliseconds(9)) }
        #expect(machine.clockOffset == .milliseconds(9))
    }

    @Test func clocks_ofForgottenNodes_giveWayToThoseOfOthers() {
        let hour = Duration.seconds(3_600)
        var rng = SplitMix64(seed: 6)
        var machine = fixtures.machine()
        func hear(_ count: Int, ahead: Duration, later: Duration) {
            for key in (0..<count).map({ _ in SigningKey<NodeRole>.generate(using: &rng) }) {
                for bytes in said(by: key, fixtures.founder, ahead: ahead, later: later) {
                    _ = machine.handle(bytes, from: key.id, address: nil, now: fixtures.now + later, using: &rng)
                }
            }
        }
        hear(3, ahead: .milliseconds(5), later: .zero)
        hear(4, ahead: .milliseconds(9), later: hour * 13)
        #expect(machine.clockOffset == .milliseconds(5))
        // The first three have ended; then so have the others, whose word is all that is left.
        _ = machine.tick(now: fixtures.now + hour * 25, using: &rng)
        #expect(machine.clockOffset == .milliseconds(9))
        _ = machine.tick(now: fixtures.now + hour * 50, using: &rng)
        #expect(machine.clockOffset == .milliseconds(9))
    }
}
