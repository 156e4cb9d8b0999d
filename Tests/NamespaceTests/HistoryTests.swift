import Core
import Namespace
import Owners
import Testing

/// One device of a simulated owner: what it wrote, and what it last saw of the others.
private struct SimulatedDevice {
    var clock: NamespaceClock
    var unwritten: [ObjectName: NamespaceEntry] = [:]
    var parts: [[NamespaceEntry]] = []
    var seen: [DeviceID: [[NamespaceEntry]]] = [:]
    var lastSync = start

    var others: [[NamespaceEntry]] { seen.sorted { $0.key < $1.key }.flatMap(\.value) }
    var view: NamespaceView { NamespaceView(merging: parts + others) }

    mutating func flush() throws {
        guard !unwritten.isEmpty else { return }
        let part = try NamespacePart(unwritten.values.sorted { $0.name < $1.name })
        parts.append(try NamespacePart(decoding: part.encoded()).entries)
        unwritten = [:]
    }

    mutating func sync(_ other: SimulatedDevice) {
        seen[other.clock.device] = other.parts
        for entry in other.parts.joined() { clock.see(entry.stamp) }
    }
}

/// Random histories of several devices against a dictionary of the highest stamps.
private struct History {
    var rng: SplitMix64
    var devices: [SimulatedDevice]
    var model: [ObjectName: NamespaceEntry] = [:]
    var now = start
    let names: [ObjectName]

    init(seed: UInt64) throws {
        rng = SplitMix64(seed: seed)
        let count = UInt8.random(in: 1...4, using: &rng)
        devices = (1...count).map { SimulatedDevice(clock: NamespaceClock(device: deviceID($0))) }
        names = try (0..<Int.random(in: 2...12, using: &rng)).map {
            try ObjectName($0 % 3 == 0 ? "n\($0)" : "f/n\($0)")
        }
    }

    mutating func step() throws {
        let index = Int.random(in: 0..<devices.count, using: &rng)
        switch Int.random(in: 0..<20, using: &rng) {
        case 0..<8: try write(index)
        case 8..<12: try devices[index].flush()
        case 12..<15: try sync(index, with: Int.random(in: 0..<devices.count, using: &rng))
        case 15..<18: try compact(index)
        default: try wait()
        }
    }

    private mutating func write(_ index: Int) throws {
        guard let name = names.randomElement(using: &rng) else { return }
        let (stamp, base) = devices[index].clock.next()
        let removes = Bool.random(using: &rng)
        let text = Array("\(stamp.counter)".utf8)
        let entry = try NamespaceEntry(
            name: name,
            stamp: stamp,
            base: base,
            written: now,
            content: removes ? .removed : .inline(text),
            size: removes ? 0 : UInt64(text.count)
        )
        devices[index].unwritten[name] = entry
        if let known = model[name], known.stamp > stamp { return }
        model[name] = entry
    }

    private mutating func sync(_ index: Int, with other: Int) throws {
        guard index != other else { return }
        try devices[other].flush()
        devices[index].sync(devices[other])
    }

    /// Merges what the plan says, or any parts, and checks that this device sees what it saw.
    private mutating func compact(_ index: Int) throws {
        try devices[index].flush()
        let parts = devices[index].parts
        let references = try parts.map {
            PartReference(
                object: try object(1, [(1, 0, 1)]),
                entryCount: UInt64($0.count),
                byteCount: UInt64($0.count) * 100,
                level: 0
            )
        }
        let planned = CompactionPlan(references)?.merges
        let chosen = planned ?? parts.indices.filter { _ in Bool.random(using: &rng) }
        guard !chosen.isEmpty else { return }
        let rest = parts.indices.filter { !chosen.contains($0) }.map { parts[$0] }
        let before = devices[index].view
        let merged = Compaction.merge(chosen.map { parts[$0] }, rest: rest + devices[index].others, now: now)
        devices[index].parts = merged.isEmpty ? rest : rest + [try NamespacePart(merged).entries]
        let after = devices[index].view
        #expect(after.entries == before.entries)
        let missing = Set(before.conflicts).subtracting(after.conflicts)
        #expect(missing.allSatisfy { min($0.winner.written, $0.loser.written) <= now - Compaction.retention })
    }

    /// Time goes by; a device that has not seen all others for 25 days does so.
    private mutating func wait() throws {
        now = now + day(Int.random(in: 1...20, using: &rng))
        for index in devices.indices where devices[index].lastSync + day(25) < now || devices.count == 1 {
            for other in devices.indices { try sync(index, with: other) }
            devices[index].lastSync = now
        }
    }

    mutating func finish() throws -> NamespaceView {
        for index in devices.indices { try devices[index].flush() }
        let sequences = devices.flatMap(\.parts)
        let view = NamespaceView(merging: sequences)
        #expect(NamespaceView(merging: sequences.shuffled(using: &rng)) == view)
        return view
    }
}

@Suite struct HistoryTests {
    @Test func randomHistories_ofSeveralDevices_endLikeTheModel() throws {
        for seed in 0..<600 {
            var history = try History(seed: UInt64(seed))
            for _ in 0..<Int.random(in: 20...300, using: &history.rng) { try history.step() }
            let view = try history.finish()
            let expected = history.model.values.filter { !$0.isRemoved }.sorted { $0.name < $1.name }
            #expect(view.entries == expected, "seed \(seed)")
            for name in history.names {
                #expect(view.lookup(name) == expected.first { $0.name == name }, "seed \(seed)")
            }
            for conflict in view.conflicts {
                #expect(
                    conflict.winner.stamp > conflict.loser.stamp && conflict.winner.base < conflict.loser.stamp.counter
                )
            }
        }
    }

    @Test func twoDevices_thatNeverMeet_reportEachSharedName() throws {
        for seed in 0..<200 {
            var rng = SplitMix64(seed: UInt64(seed))
            var written: [[String: NamespaceEntry]] = [[:], [:]]
            for side in 0..<2 {
                var clock = NamespaceClock(device: deviceID(UInt8(side + 1)))
                for _ in 0..<Int.random(in: 1...20, using: &rng) {
                    let name = "n\(Int.random(in: 0..<10, using: &rng))"
                    let stamp = clock.next().stamp
                    written[side][name] = try entry(name, stamp.counter, device: UInt8(side + 1))
                }
            }
            let view = NamespaceView(merging: written.map { $0.values.sorted { $0.name < $1.name } })
            let shared = Set(written[0].keys).intersection(written[1].keys)
            #expect(view.conflicts.map(\.name.text) == shared.sorted())
        }
    }
}
