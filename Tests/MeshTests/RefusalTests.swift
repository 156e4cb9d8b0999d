import Core
import Mesh
import Simulation
import Testing

/// What a hostile peer can say: each changes a counter and nothing else.
struct RefusalTests {
    private var fixtures = RecordFixtures()
    private var rng = SplitMix64(seed: 5)

    private func machine() -> MeshMachine {
        var rng = SplitMix64(seed: 9)
        var machine = fixtures.machine()
        _ = machine.start(now: fixtures.now, using: &rng)
        return machine
    }

    /// A message with records, as another implementation would encode it.
    private func message(_ records: [(key: RecordKey, version: UInt64, bytes: [UInt8])]) -> [UInt8] {
        CBOR.map([
            "c": .integer(fixtures.now.milliseconds), "i": .unsigned(1), "k": .unsigned(4),
            "r": .array(
                records.map {
                    .array([
                        .unsigned(UInt64($0.key.kind.code)), .bytes($0.key.subject), .unsigned($0.version),
                        .bytes($0.bytes),
                    ])
                }
            ),
        ]).encoded()
    }

    private func message(_ record: NodeRecord) -> [UInt8] {
        message([(record.header.key, record.version, record.bytes)])
    }

    private mutating func say(_ bytes: [UInt8], to machine: inout MeshMachine, later: Duration = .zero) -> [MeshEffect]
    {
        let effects = machine.handle(
            bytes,
            from: fixtures.other.id,
            address: "192.0.2.1:1",
            now: fixtures.now + later,
            using: &rng
        )
        return effects.filter { if case .wake = $0 { false } else { true } }
    }

    @Test mutating func record_newThenReplayedThenOlder_countsOnly() {
        var machine = machine()
        #expect(!say(message(fixtures.record(version: 9, of: fixtures.other)), to: &machine).isEmpty)
        let before = machine.record(fixtures.record(of: fixtures.other).header.key)
        #expect(say(message(fixtures.record(version: 9, of: fixtures.other)), to: &machine).isEmpty)
        #expect(say(message(fixtures.record(version: 8, of: fixtures.other)), to: &machine).isEmpty)
        #expect(machine.counters.known == 1)
        #expect(machine.counters.stale == 1)
        #expect(machine.record(fixtures.record(of: fixtures.other).header.key) == before)
    }

    @Test mutating func record_sameVersionOtherBytes_isAConflictAndTheFirstStays() {
        var machine = machine()
        let first = fixtures.record(version: 9, of: fixtures.other)
        _ = say(message(first), to: &machine)
        let twin = fixtures.record(version: 9, of: fixtures.other, issued: fixtures.now + .seconds(1))
        #expect(say(message(twin), to: &machine).isEmpty)
        #expect(machine.counters.conflicting == 1)
        #expect(machine.record(first.header.key) == first.bytes)
    }

    @Test mutating func record_ofAnOperatorThatIsNotAdmitted_waitsInItsCornerOnly() {
        var machine = machine()
        let count = machine.recordCount
        #expect(say(message(fixtures.record(of: fixtures.other, by: fixtures.guest)), to: &machine).isEmpty)
        #expect(machine.counters.notAdmitted == 1)
        #expect(machine.recordCount == count)
        #expect(machine.members.isEmpty)
    }

    @Test mutating func record_whoseOperatorIsAdmittedLater_isTakenThen() {
        var machine = machine()
        _ = say(message(fixtures.record(of: fixtures.other, by: fixtures.guest)), to: &machine)
        let admission = fixtures.invitation().admission(of: fixtures.guest, now: fixtures.now)
        _ = say(message([(admission.header.key, admission.header.version, admission.bytes)]), to: &machine)
        #expect(machine.members.map(\.node) == [fixtures.other.id])
    }

    @Test mutating func admission_byAnInvitationThatWasNotCountersigned_isVoid() {
        var machine = machine()
        let admission = fixtures.invitation(once: true).admission(of: fixtures.guest, now: fixtures.now)
        _ = say(message([(admission.header.key, admission.header.version, admission.bytes)]), to: &machine)
        #expect(machine.counters.invitationVoid == 1)
        #expect(!machine.isAdmitted(fixtures.guest.id))
    }

    @Test mutating func record_announcedAsSomethingElse_isForged() {
        var machine = machine()
        let record = fixtures.record(version: 9, of: fixtures.other)
        #expect(say(message([(record.header.key, 10, record.bytes)]), to: &machine).isEmpty)
        #expect(machine.counters.forged == 1)
    }

    @Test mutating func record_underTheOwnKey_countsOnly() {
        var machine = machine()
        let own = machine.record(fixtures.record().header.key)
        _ = say(message(fixtures.record(version: .max)), to: &machine)
        #expect(machine.counters.ownKeySeen == 1)
        #expect(machine.record(fixtures.record().header.key) == own)
    }

    @Test mutating func record_fromTheFutureOrExpired_isOutOfTime() {
        var machine = machine()
        let early = fixtures.record(of: fixtures.other, issued: fixtures.now + .seconds(3_600))
        let late = fixtures.record(of: fixtures.other, issued: fixtures.now - .seconds(25 * 3_600))
        _ = say(message(early), to: &machine)
        _ = say(message(late), to: &machine)
        #expect(machine.counters.outOfTime == 2)
        #expect(machine.members.isEmpty)
    }

    @Test mutating func record_tooLarge_isOversized() {
        var machine = machine()
        let key = RecordKey(kind: .node, subject: fixtures.other.id.bytes)
        let bytes = [UInt8](repeating: 0, count: MeshLimits.recordBytesMax + 1)
        #expect(say(message([(key, 1, bytes)]), to: &machine).isEmpty)
        #expect(machine.counters.oversized == 1)
    }

    @Test mutating func messages_withBitsFlipped_neverCrashNorAdmitAnybody() {
        var machine = machine()
        let bytes = message(fixtures.record(version: 9, of: fixtures.other, by: fixtures.guest))
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 1 << UInt8(index % 8)
            _ = say(flipped, to: &machine)
        }
        #expect(machine.members.isEmpty)
    }

    @Test mutating func news_ofAnIncarnationThatCanNeverBeRefuted_isRefused() {
        var machine = machine()
        _ = say(message(fixtures.record(of: fixtures.other)), to: &machine)
        let news = CBOR.map([
            "c": .integer(fixtures.now.milliseconds), "i": .unsigned(1), "k": .unsigned(0),
            "u": .array([.array([.bytes(fixtures.node.id.bytes), .unsigned(3), .unsigned(.max)])]),
        ]).encoded()
        _ = say(news, to: &machine)
        #expect(machine.counters.outOfTime == 1)
    }
}
