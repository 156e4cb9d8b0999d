import Core
import Exchange
import Testing

struct ProviderTableTests {
    private let start = Instant(milliseconds: 1_000_000)

    private func nodes(_ count: Int) -> [NodeID] {
        var rng = SplitMix64(seed: 7)
        return (0..<count).map { _ in SigningKey<NodeRole>.generate(using: &rng).id }
    }

    @Test func order_afterAnswers_putsTheFastFirst() {
        var rng = SplitMix64(seed: 1)
        let nodes = nodes(3)
        var table = ProviderTable()
        table.recordAnswer(from: nodes[0], firstByteAfter: .milliseconds(90), now: start)
        table.recordAnswer(from: nodes[1], firstByteAfter: .milliseconds(5), now: start)
        table.recordAnswer(from: nodes[2], firstByteAfter: .milliseconds(30), now: start)
        #expect(table.order(nodes, now: start, using: &rng) == [nodes[1], nodes[2], nodes[0]])
    }

    @Test func order_afterFailure_putsTheFailedLastUntilItsPauseEnds() {
        var rng = SplitMix64(seed: 1)
        let nodes = nodes(2)
        var table = ProviderTable()
        table.recordAnswer(from: nodes[0], firstByteAfter: .milliseconds(1), now: start)
        table.recordAnswer(from: nodes[1], firstByteAfter: .milliseconds(50), now: start)
        table.recordFailure(of: nodes[0], now: start)
        #expect(table.order(nodes, now: start, using: &rng).last == nodes[0])
        let later = start + ProviderTable.failurePauseMin
        #expect(table.order(nodes, now: later, using: &rng).first == nodes[0])
    }

    @Test func order_afterWrongBytes_keepsTheLiarLastButStillNamesIt() {
        var rng = SplitMix64(seed: 1)
        let nodes = nodes(4)
        var table = ProviderTable()
        table.recordWrongBytes(from: nodes[2], now: start)
        let order = table.order(nodes, now: start + .seconds(599), using: &rng)
        #expect(order.last == nodes[2])
        #expect(Set(order) == Set(nodes))
        #expect(table.wrongBytesCount == 1)
    }

    @Test func order_ofUnknownProviders_dependsOnTheSeedOnly() {
        let nodes = nodes(8)
        let table = ProviderTable()
        var first = SplitMix64(seed: 3)
        var second = SplitMix64(seed: 3)
        var other = SplitMix64(seed: 4)
        let order = table.order(nodes, now: start, using: &first)
        #expect(order == table.order(nodes.reversed(), now: start, using: &second))
        #expect(order != table.order(nodes, now: start, using: &other))
    }

    @Test func hedgeDelay_staysWithinItsLimits() {
        let nodes = nodes(2)
        var table = ProviderTable()
        table.recordAnswer(from: nodes[0], firstByteAfter: .milliseconds(1), now: start)
        table.recordAnswer(from: nodes[1], firstByteAfter: .seconds(9), now: start)
        #expect(table.hedgeDelay(for: nodes[0]) == ProviderTable.hedgeDelayMin)
        #expect(table.hedgeDelay(for: nodes[1]) == ProviderTable.hedgeDelayMax)
    }
}
