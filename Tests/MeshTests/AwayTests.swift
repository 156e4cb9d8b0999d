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
        var machine = MeshMachine(
            genesis: fixtures.genesis,
            identity: .init(node: fixtures.node, operator: fixtures.founder, claims: fixtures.claims),
            judge: NoOtherRecords(),
            now: now
        )
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
        let machine = MeshMachine(
            genesis: fixtures.genesis,
            identity: .init(node: fixtures.node, operator: fixtures.founder, claims: fixtures.claims),
            judge: NoOtherRecords(),
            now: fixtures.now
        )
        #expect(machine.certainNow(fixtures.now) == fixtures.now)
    }

    @Test func clocks_ofStrangers_areNotBelieved() {
        let year = Duration.seconds(365 * 86_400)
        var rng = SplitMix64(seed: 4)
        // Somebody whose clock is a year ahead says something.
        var speaker = MeshMachine(
            genesis: fixtures.genesis,
            identity: .init(node: fixtures.other, operator: fixtures.founder, claims: fixtures.claims),
            judge: NoOtherRecords(),
            contacts: [fixtures.node.id: fixtures.claims.locators],
            now: fixtures.now + year
        )
        let said = speaker.start(now: fixtures.now + year, using: &rng).compactMap { effect -> [UInt8]? in
            if case .send(let bytes, _) = effect { bytes } else { nil }
        }
        #expect(!said.isEmpty)
        for isMember in [false, true] {
            var machine = MeshMachine(
                genesis: fixtures.genesis,
                identity: .init(node: fixtures.node, operator: fixtures.founder, claims: fixtures.claims),
                judge: NoOtherRecords(),
                now: fixtures.now
            )
            let known = fixtures.record(of: fixtures.other)
            let records = isMember ? [(known.header.key, known.version, known.bytes)] : []
            _ = machine.remember(records, now: fixtures.now)
            for bytes in said.prefix(1) {
                _ = machine.handle(bytes, from: fixtures.other.id, address: nil, now: fixtures.now, using: &rng)
            }
            #expect(machine.clockOffset == (isMember ? year : .zero))
        }
    }
}
