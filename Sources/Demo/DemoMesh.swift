import Control
import Core
import Glibc
import Settings
import Synchronization

/// The real nodes of the demo: starts them, asks them, kills them.
final class DemoMesh: Sendable {
    /// Longest wait for a node to take connections.
    private static let startTimeMax = Duration.seconds(60)
    /// Longest wait until every node knows every other one.
    private static let meetTimeMax = Duration.seconds(60)
    private static let pollInterval = Duration.milliseconds(50)

    /// A member and the ports it was given.
    struct Seat: Sendable {
        let member: DemoMember
        let listen: Endpoint
        let gateway: Endpoint
        let control: Endpoint
    }

    let seats: [Seat]
    private let folder: DemoFolder
    private let leash: Leash
    private let repairDelay: Duration
    private let processes: Mutex<[Int: NodeProcess]> = Mutex([:])

    init(members: [DemoMember], folder: DemoFolder, repairDelay: Duration) throws(ControlError) {
        guard let leash = Leash() else {
            throw ControlError(.failed, "this process may not open more files")
        }
        self.leash = leash
        self.folder = folder
        self.repairDelay = repairDelay
        var seats: [Seat] = []
        for member in members {
            var ports: [UInt16] = []
            for _ in 0..<3 {
                guard let port = Self.freePort(member.host, besides: ports) else {
                    throw ControlError(
                        .inUse,
                        "no free port on \(member.host), or loopback is not 127.0.0.0/8 here"
                    )
                }
                ports.append(port)
            }
            seats.append(
                Seat(
                    member: member,
                    listen: Endpoint(host: member.host, port: ports[0]),
                    gateway: Endpoint(host: member.host, port: ports[1]),
                    control: Endpoint(host: member.host, port: ports[2])
                )
            )
        }
        self.seats = seats
    }

    private static func freePort(_ host: String, besides taken: [UInt16]) -> UInt16? {
        for _ in 0..<16 {
            guard let port = PortProbe.freePort(host: host) else { return nil }
            if !taken.contains(port) { return port }
        }
        return nil
    }

    /// Starts the founder, then one node of every operator, then the rest, and waits until all know all.
    func start() async throws {
        guard let founder = seats.first else { return }
        try launch(founder, invite: nil)
        try await ready(founder)
        let invite = try await ask(founder) { try await $0.invite(expires: nil, once: false) }
        let operators = DemoMember.operatorCount(of: seats.count)
        for wave in [seats[1..<operators], seats[operators...]] {
            for seat in wave { try launch(seat, invite: invite) }
            for seat in wave { try await ready(seat) }
        }
        let clock = ContinuousClock()
        let deadline = clock.now + Self.meetTimeMax
        for seat in seats {
            while true {
                let members = try await ask(seat) { try await $0.status() }.members
                if members.alive == seats.count, members.known == seats.count { break }
                guard clock.now < deadline else {
                    throw ControlError(
                        .failed,
                        "\(seat.member.title) knows \(members.alive) of \(seats.count) nodes after \(Self.meetTimeMax)"
                    )
                }
                try await clock.sleep(for: Self.pollInterval)
            }
        }
    }

    /// Asks one node.
    func ask<Value>(_ seat: Seat, _ body: (ControlClient) async throws -> Value) async throws -> Value {
        try await ControlClient.with(dataFolder: folder.data(seat.member), body)
    }

    var survivors: [Seat] {
        let alive = processes.withLock { Set($0.keys) }
        return seats.filter { alive.contains($0.member.index) }
    }

    /// Takes nodes away without a word.
    func kill(_ victims: [Int]) {
        let taken = processes.withLock { processes in
            victims.compactMap { processes.removeValue(forKey: $0) }
        }
        for process in taken { process.kill() }
    }

    func killAll() { kill(seats.map(\.member.index)) }

    /// Nodes that ended without being killed; each is told once.
    func takeCrashed() -> [DemoMember] {
        let ended = processes.withLock { processes in
            let ended = processes.filter { $0.value.hasEnded }.keys.sorted()
            for index in ended { processes[index] = nil }
            return ended
        }
        return ended.map { seats[$0].member }
    }

    private func launch(_ seat: Seat, invite: String?) throws {
        let member = seat.member
        var arguments = [
            "up", "--data", folder.data(member), "--listen", "\(seat.listen)", "--gateway",
            "\(seat.gateway)",
            "--control", "\(seat.control)", "--operator", member.operatorName,
            "--operator-key", folder.operatorKey(member.operatorName), "--hosting", member.hosting,
            "--jurisdiction", member.jurisdiction, "--repair-delay", DurationText.format(repairDelay),
            "--log-level", "notice", "--exit-with-parent",
        ]
        if let invite { arguments += ["--join", invite] }
        let process = try NodeProcess(
            arguments: arguments,
            environment: NodeProcess.environment,
            log: folder.log(member),
            leash: leash
        )
        processes.withLock { $0[member.index] = process }
    }

    /// Waits until the gateway takes connections, which a node opens last.
    private func ready(_ seat: Seat) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.startTimeMax
        while !PortProbe.answers(seat.gateway) {
            let process = processes.withLock { $0[seat.member.index] }
            if process?.hasEnded ?? true {
                throw ControlError(
                    .failed,
                    "\(seat.member.title) did not start: \(folder.lastWords(seat.member))"
                )
            }
            guard clock.now < deadline else {
                throw ControlError(
                    .failed,
                    "\(seat.member.title) takes no connections after \(Self.startTimeMax)"
                )
            }
            try await clock.sleep(for: Self.pollInterval)
        }
    }
}
