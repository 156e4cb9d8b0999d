import Core
import Mesh
import Owners
import Placement
import Publishing

/// The engines of one node and how they feed each other: what gossip learns, repair hears.
package struct MeshState {
    package var mesh: MeshMachine
    package var repair: RepairMachine
    /// What owners said of their devices.
    let devices: DeviceRegistry
    var meshWake = Instant.distantPast
    var repairWake = Instant.distantPast
    private var rng = SystemRandomNumberGenerator()

    /// What is left to do outside once the engines were asked.
    struct Outcome {
        var messages: [(bytes: [UInt8], to: NodeID)] = []
        var stored: [(header: RecordHeader, bytes: [UInt8])] = []
        var forgotten: [RecordKey] = []
        var repairs: [RepairEffect] = []
    }

    package init(mesh: MeshMachine, repair: RepairMachine, devices: DeviceRegistry) {
        self.mesh = mesh
        self.repair = repair
        self.devices = devices
    }

    /// Runs one event of the mesh engine and passes on what follows from it.
    mutating func run(
        now: Instant,
        _ event: (inout MeshMachine, inout SystemRandomNumberGenerator) throws -> [MeshEffect]
    ) rethrows -> Outcome {
        var outcome = Outcome()
        let effects = try event(&mesh, &rng)
        for effect in effects { apply(effect, now: now, to: &outcome) }
        return outcome
    }

    /// Runs one event of the repair engine.
    mutating func runRepair(now: Instant, _ event: (inout RepairMachine, Instant) -> [RepairEffect]) -> Outcome {
        var outcome = Outcome()
        collect(event(&repair, mesh.meshNow(now)), now: now, into: &outcome)
        return outcome
    }

    /// Does what is due in both.
    mutating func tick(now: Instant) -> Outcome {
        var outcome = Outcome()
        if now >= meshWake {
            for effect in mesh.tick(now: now, using: &rng) { apply(effect, now: now, to: &outcome) }
        }
        if now >= repairWake { collect(repair.tick(now: mesh.meshNow(now)), now: now, into: &outcome) }
        return outcome
    }

    private mutating func apply(_ effect: MeshEffect, now: Instant, to outcome: inout Outcome) {
        switch effect {
        case .send(let bytes, let to): outcome.messages.append((bytes, to))
        case .wake(let at): meshWake = at
        case .memberChanged(let node): memberChanged(node, now: now, outcome: &outcome)
        case .stored(let header, let bytes):
            outcome.stored.append((header, bytes))
            mesh.watcher?.begin(MeshMachine.digest(of: header.key.kind, bytes))
            recordChanged(header, bytes, now: now, outcome: &outcome)
            mesh.watcher?.end()
        case .forgotten(let key):
            outcome.forgotten.append(key)
            if key.kind == .device { devices.forget(subject: key.subject) }
            if key.kind == .floor, let publisher = try? PublisherID(key.subject) {
                collect(repair.floorForgotten(publisher, now: mesh.meshNow(now)), now: now, into: &outcome)
            }
            guard key.kind == .node, let node = try? NodeID(key.subject) else { return }
            collect(repair.memberForgotten(node, now: mesh.meshNow(now)), now: now, into: &outcome)
        }
    }

    private mutating func memberChanged(_ node: NodeID, now: Instant, outcome: inout Outcome) {
        guard let member = mesh.member(node) else { return }
        let candidate = PlacementCandidate(member)
        let effects = repair.memberChanged(candidate, Liveness(member), now: mesh.meshNow(now))
        collect(effects, now: now, into: &outcome)
    }

    private mutating func recordChanged(
        _ header: RecordHeader,
        _ bytes: [UInt8],
        now: Instant,
        outcome: inout Outcome
    ) {
        let meshNow = mesh.meshNow(now)
        switch header.key.kind {
        case .publication:
            guard let record = try? PublicationRecord(decoding: bytes) else { return }
            collect(repair.publicationChanged(record.publication, now: meshNow), now: now, into: &outcome)
        case .holding:
            guard let record = try? HoldingRecord(decoding: bytes) else { return }
            collect(repair.holdingChanged(record.holding, now: meshNow), now: now, into: &outcome)
        case .floor:
            guard let record = try? FloorRecord(decoding: bytes) else { return }
            collect(repair.floorChanged(record.floor, now: meshNow), now: now, into: &outcome)
        case .node:
            if let node = try? NodeID(header.key.subject) { memberChanged(node, now: now, outcome: &outcome) }
        case .device:
            if let record = try? DeviceRecord(decoding: bytes) { devices.learn(record.certificate) }
        default: break
        }
    }

    private mutating func collect(_ effects: [RepairEffect], now: Instant, into outcome: inout Outcome) {
        for effect in effects {
            if case .wake(let at) = effect {
                repairWake = at - mesh.clockOffset
            } else {
                outcome.repairs.append(effect)
            }
        }
    }
}

extension PlacementCandidate {
    /// A member as placement sees it: claims for hosting and jurisdiction, what was observed for the network.
    init(_ member: Member) {
        let lends = member.claims.roles.contains(NodeClaims.storageRole)
        self.init(
            node: member.node,
            operator: member.operator,
            hosting: member.claims.hosting,
            jurisdiction: member.claims.jurisdiction,
            network: member.observation.address.flatMap { NetworkPrefix(address: $0) },
            weight: lends ? member.claims.storageBytes : 0
        )
    }
}

extension Liveness {
    init(_ member: Member) {
        switch member.observation.status {
        case .alive: self = .alive
        case .unheard, .suspect: self = .suspect
        case .dead: self = .dead
        }
    }
}
