import Core
import Mesh
import Simulation
import Synchronization
import Testing

/// Records that crashed a node before, and how it is known which one did.
struct QuarantineTests {
    private let fixtures = RecordFixtures()
    private var rng = SplitMix64(seed: 5)

    /// Remembers what it was told.
    private final class Watcher: RecordWatching {
        private let state = Mutex<(seen: [Digest], underWay: Digest?)>(([], nil))

        var seen: [Digest] { state.withLock { $0.seen } }
        var underWay: Digest? { state.withLock { $0.underWay } }

        func begin(_ digest: Digest) {
            state.withLock { state in
                state.seen.append(digest)
                state.underWay = digest
            }
        }

        func end() { state.withLock { $0.underWay = nil } }
    }

    /// Says which record was under way when it was asked to judge.
    private struct WatchedJudge: RecordJudging {
        let watcher: Watcher
        let judged = Judged()

        final class Judged: Sendable {
            private let list = Mutex<[Digest?]>([])
            var digests: [Digest?] { list.withLock { $0 } }
            func append(_ digest: Digest?) { list.withLock { $0.append(digest) } }
        }

        func judge(
            _ kind: RecordKind,
            _ bytes: [UInt8],
            now: Instant,
            operatorOf: (NodeID) -> OperatorID?,
            isAdmitted: (OperatorID) -> Bool
        ) throws(MeshError) -> RecordHeader {
            judged.append(watcher.underWay)
            throw MeshError(.malformed, "nothing passes here")
        }
    }

    private func machine(judge: any RecordJudging = NoOtherRecords()) -> MeshMachine {
        fixtures.machine(judge: judge)
    }

    private func digest(_ record: NodeRecord) -> Digest { MeshMachine.digest(of: .node, record.bytes) }

    private func said(_ records: [(kind: RecordKind, subject: [UInt8], bytes: [UInt8])]) -> [UInt8] {
        CBOR.map([
            "c": .integer(fixtures.now.milliseconds), "i": .unsigned(1), "k": .unsigned(4),
            "r": .array(
                records.map {
                    .array([.unsigned(UInt64($0.kind.code)), .bytes($0.subject), .unsigned(7), .bytes($0.bytes)])
                }
            ),
        ]).encoded()
    }

    private mutating func say(_ bytes: [UInt8], to machine: inout MeshMachine) {
        _ = machine.handle(bytes, from: fixtures.other.id, address: nil, now: fixtures.now, using: &rng)
    }

    @Test mutating func record_quarantined_isRefusedAndCounted() {
        let watcher = Watcher()
        var machine = machine()
        let record = fixtures.record(of: fixtures.other)
        machine.quarantined = [digest(record)]
        machine.watcher = watcher
        say(said([(.node, fixtures.other.id.bytes, record.bytes)]), to: &machine)
        #expect(machine.counters.quarantined == 1)
        #expect(machine.members.isEmpty)
        #expect(watcher.seen.isEmpty)

        let next = fixtures.record(version: 8, of: fixtures.other)
        _ = machine.remember([(next.header.key, next.version, next.bytes)], now: fixtures.now)
        #expect(machine.members.map(\.node) == [fixtures.other.id])
        #expect(machine.counters.quarantined == 1)
    }

    @Test func record_quarantinedAndRememberedFromDisk_isRefusedAndCounted() {
        var machine = machine()
        let bad = fixtures.record(of: fixtures.other)
        let good = fixtures.record(of: fixtures.node)
        machine.quarantined = [digest(bad)]
        _ = machine.remember([bad, good].map { ($0.header.key, $0.version, $0.bytes) }, now: fixtures.now)
        #expect(machine.counters.quarantined == 1)
        #expect(machine.record(bad.header.key) == nil)
        #expect(machine.record(good.header.key) == good.bytes)
    }

    @Test mutating func record_announcedAsAnotherKind_doesNotShareItsQuarantine() {
        var machine = machine()
        let record = fixtures.record(of: fixtures.other)
        machine.quarantined = [MeshMachine.digest(of: .publication, record.bytes)]
        say(said([(.node, fixtures.other.id.bytes, record.bytes)]), to: &machine)
        #expect(machine.members.map(\.node) == [fixtures.other.id])
    }

    @Test func records_ofAMessage_areUnseenUntilKnownOrQuarantined() {
        var machine = machine()
        let record = fixtures.record(version: 7, of: fixtures.other)
        let older = fixtures.record(version: 6, of: fixtures.other)
        let large = [UInt8](repeating: 0, count: MeshLimits.recordBytesMax + 1)
        let carried = MeshMachine.records(
            carriedBy: said([(.node, fixtures.other.id.bytes, record.bytes), (.node, fixtures.node.id.bytes, large)])
        )
        #expect(carried.map(\.bytes) == [record.bytes, large])
        _ = machine.remember([(older.header.key, older.version, older.bytes)], now: fixtures.now)
        #expect(machine.unseen(carried).map(\.bytes) == [record.bytes])
        machine.quarantined = [digest(record)]
        #expect(machine.unseen(carried).isEmpty)
        machine.quarantined = []
        _ = machine.remember([(record.header.key, record.version, record.bytes)], now: fixtures.now)
        #expect(machine.unseen(carried).isEmpty)
        #expect(MeshMachine.records(carriedBy: [1, 2, 3]).isEmpty)
    }

    @Test mutating func records_ofOneMessage_areWatchedOneByOne() {
        let watcher = Watcher()
        let judge = WatchedJudge(watcher: watcher)
        var machine = machine(judge: judge)
        machine.watcher = watcher
        let known = fixtures.record(of: fixtures.other)
        _ = machine.remember([(known.header.key, known.version, known.bytes)], now: fixtures.now)
        let records = (UInt8(0)..<100).map { (kind: RecordKind.publication, subject: [$0], bytes: [$0, 1]) }
        say(said([(.node, fixtures.other.id.bytes, known.bytes)] + records), to: &machine)

        let digests = records.map { MeshMachine.digest(of: $0.kind, $0.bytes) }
        #expect(judge.judged.digests == digests)
        // The one that was known already was not looked at again.
        #expect(watcher.seen == [digest(known)] + digests)
        #expect(watcher.underWay == nil)
    }

    @Test mutating func record_thatWaited_isWatchedWhenItIsLookedAtAgain() {
        let watcher = Watcher()
        var machine = machine()
        machine.watcher = watcher
        var fixtures = fixtures
        let record = fixtures.record(of: fixtures.other, by: fixtures.guest)
        let admission = fixtures.invitation().admission(of: fixtures.guest, now: fixtures.now)
        _ = machine.remember([(record.header.key, record.version, record.bytes)], now: fixtures.now)
        let key = admission.header.key
        _ = machine.remember([(key, admission.header.version, admission.bytes)], now: fixtures.now)
        let digests = [digest(record), MeshMachine.digest(of: .admission, admission.bytes), digest(record)]
        #expect(watcher.seen == digests)
    }
}
