import Core
import Objects
import Placement

let repairStart = Instant(milliseconds: 1_800_000_000_000)
let leaseEnd = repairStart + .seconds(86_400 * 365)

func nodeID(_ number: Int) throws -> NodeID { try NodeID(keyBytes(1, number)) }
func repairSegment(_ number: Int) -> Digest { Digest(hashing: keyBytes(3, number)) }

private func keyBytes(_ role: UInt8, _ number: Int) -> [UInt8] {
    [role] + Array(repeating: 0, count: 23) + withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) }
}

func candidates(_ numbers: some Sequence<Int>, weight: UInt64 = 1 << 40) throws -> CandidateTable {
    CandidateTable(
        try numbers.map { number in
            PlacementCandidate(
                node: try nodeID(number),
                operator: try OperatorID(keyBytes(2, number)),
                hosting: "h\(number % 7)",
                jurisdiction: "j\(number % 5)",
                network: nil,
                weight: weight
            )
        }
    )
}

/// The machine of one node that holds piece `own` of a segment, with everybody alive: node i has piece i.
struct RepairBench {
    var machine: SegmentRepairMachine
    var now = repairStart
    /// What was asked for and not looked at yet, wake-ups left out.
    private var effects: [SegmentRepairEffect] = []
    private(set) var wake: Instant?
    let k: Int
    let n: Int

    init(own: Int, _ k: Int, of n: Int, nodes: Int, segments: [Int] = [0], settings: SegmentRepairSettings = .init())
        throws
    {
        (self.k, self.n) = (k, n)
        machine = SegmentRepairMachine(node: try nodeID(own), settings: settings, now: repairStart)
        perform { $0.candidatesChanged($1, now: $2) }(&self, try candidates(0..<nodes))
        for number in 0..<nodes { apply(machine.memberAlive(try nodeID(number), now: now)) }
        for segment in segments {
            hold(segment, own)
            for index in 0..<n where index != own { try say(segment, index, on: index) }
        }
        run(.seconds(900))
        _ = take()
    }

    private func perform(
        _ event: @escaping (inout SegmentRepairMachine, CandidateTable, Instant) -> [SegmentRepairEffect]
    ) -> (inout RepairBench, CandidateTable) -> Void {
        { bench, table in bench.apply(event(&bench.machine, table, bench.now)) }
    }

    mutating func apply(_ new: [SegmentRepairEffect]) {
        for effect in new {
            if case .wake(let at) = effect { wake = at } else { effects.append(effect) }
        }
    }

    /// What was asked for since the last call.
    mutating func take() -> [SegmentRepairEffect] {
        defer { effects = [] }
        return effects
    }

    mutating func hold(_ segment: Int, _ index: Int, made: Instant = repairStart, until: Instant = leaseEnd) {
        guard
            let piece = HeldPiece(
                segment: repairSegment(segment),
                index: index,
                k: k,
                n: n,
                pieceBytes: 1 << 20,
                leaseEnd: until,
                made: made
            )
        else { return }
        apply(machine.segmentHeld(piece, now: now))
    }

    mutating func say(
        _ segment: Int,
        _ index: Int,
        on node: Int,
        _ state: PieceNotice.State = .holding,
        made: Instant = repairStart
    ) throws {
        let notice = PieceNotice(
            segment: repairSegment(segment),
            index: index,
            node: try nodeID(node),
            state: state,
            made: made,
            until: leaseEnd
        )
        apply(machine.statement(notice, now: now))
    }

    mutating func die(_ nodes: some Sequence<Int>) throws {
        for node in nodes { apply(machine.memberDied(try nodeID(node), now: now)) }
    }

    mutating func live(_ node: Int) throws { apply(machine.memberAlive(try nodeID(node), now: now)) }

    /// Ticks at every wake-up until then.
    mutating func run(_ duration: Duration) {
        let end = now + duration
        while let next = wake, next <= end {
            now = max(now, next)
            wake = nil
            apply(machine.tick(now: now))
        }
        now = end
    }
}
