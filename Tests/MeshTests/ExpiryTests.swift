import Core
import Mesh
import Simulation
import Testing

/// When records that were renewed are forgotten: at the end of their latest version, be it later or earlier.
struct ExpiryTests {
    private let fixtures = RecordFixtures()

    private func hours(_ count: Int) -> Duration { .seconds(count * 3_600) }

    private func record(version: UInt64, issued: Duration, lifetime: Duration) -> NodeRecord {
        NodeRecord(
            mesh: fixtures.genesis.mesh,
            node: fixtures.other,
            operator: fixtures.founder,
            version: version,
            issued: fixtures.now + issued,
            expires: fixtures.now + issued + lifetime,
            claims: fixtures.claims
        )
    }

    private func machine(_ records: [NodeRecord]) -> MeshMachine {
        var machine = fixtures.machine()
        for record in records {
            let stored = (key: record.header.key, version: record.version, bytes: record.bytes)
            _ = machine.remember([stored], now: record.issued)
        }
        return machine
    }

    private func isKept(_ machine: inout MeshMachine, after time: Duration) -> Bool {
        var rng = SplitMix64(seed: 1)
        _ = machine.tick(now: fixtures.now + time, using: &rng)
        return machine.member(fixtures.other.id) != nil
    }

    @Test func record_thatWasRenewed_staysUntilItsNewEnd() {
        var machine = machine([
            record(version: 1, issued: .zero, lifetime: hours(24)),
            record(version: 2, issued: hours(6), lifetime: hours(24)),
        ])
        #expect(isKept(&machine, after: hours(24) + .seconds(120)))
        #expect(isKept(&machine, after: hours(30) - .seconds(1)))
        #expect(!isKept(&machine, after: hours(30) + .seconds(120)))
    }

    @Test func record_renewedForLess_goesAtItsNewEnd() {
        var machine = machine([
            record(version: 1, issued: .zero, lifetime: hours(24)),
            record(version: 2, issued: hours(1), lifetime: hours(2)),
        ])
        #expect(isKept(&machine, after: hours(3) - .seconds(1)))
        #expect(!isKept(&machine, after: hours(3) + .seconds(120)))
    }
}
