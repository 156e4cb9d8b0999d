import Control
import Demo
import Foundation
import Glibc
import Settings
import Synchronization

/// One node of the run: its process, what is done to it, and how much memory it takes.
final class ChaosNode: Sendable {
    let index: Int
    let listen: Endpoint
    let gateway: Endpoint
    private let control: Endpoint
    private let place: ChaosPlace
    private let process = Mutex<NodeProcess?>(nil)
    private let memoryState = Mutex(MemoryHistory())

    private static let hostings = ["home", "hetzner", "aws", "ovh", "scaleway"]
    private static let jurisdictions = ["CH", "DE", "US", "FR"]
    private static let startTimeMax = Duration.seconds(90)
    /// x of 127.0.x.1 where nodes have no namespaces.
    private static let firstSubnet = 80

    init(_ index: Int, place: ChaosPlace) throws {
        self.index = index
        self.place = place
        let host = place.hasNamespaces ? "10.83.0.\(index)" : "127.0.\(Self.firstSubnet + index).1"
        func endpoint(_ host: String, _ port: UInt16) throws -> Endpoint {
            guard !place.hasNamespaces else { return Endpoint(host: host, port: port) }
            guard let free = PortProbe.freePort(host: host) else {
                throw ControlError(.inUse, "no free port on \(host)")
            }
            return Endpoint(host: host, port: free)
        }
        listen = try endpoint(host, 4_100)
        gateway = try endpoint(host, 8_080)
        control = try endpoint("127.0.0.1", 4_200)
    }

    var title: String { "node \(index)" }
    var data: String { place.data(index) }
    var isRunning: Bool { process.withLock { $0?.hasEnded == false } }
    var memory: MemoryHistory { memoryState.withLock { $0 } }

    // MARK: - Starting and ending

    func prepare() async throws {
        try FileManager.default.createDirectory(atPath: place.node(index), withIntermediateDirectories: true)
        guard place.hasDisks else { return }
        let size = "size=\(ChaosPlace.diskBytes)"
        try await place.system(["mount", "-t", "tmpfs", "-o", size, "tmpfs", place.node(index)])
    }

    func launch(invite: String?) throws {
        var arguments = [
            place.program, "up", "--data", data, "--listen", "\(listen)", "--gateway", "\(gateway)",
            "--control", "\(control)", "--operator", "op-\(index)",
            "--operator-key", "\(place.folder)/operators/op-\(index).key",
            "--hosting", Self.hostings[index % Self.hostings.count],
            "--jurisdiction", Self.jurisdictions[index % Self.jurisdictions.count],
            "--repair-delay", "3s", "--probe-interval", "500ms", "--storage", "300MB", "--cache", "40MB",
            "--log-level", "notice", "--exit-with-parent",
        ]
        if let invite { arguments += ["--join", invite] }
        let started = try NodeProcess(
            executable: "/usr/bin/env",
            arguments: inside + arguments,
            environment: NodeProcess.environment,
            log: place.log(index),
            leash: place.leash
        )
        process.withLock { $0 = started }
        memoryState.withLock { $0.begin() }
    }

    /// What a command has to begin with to run where the node runs.
    private var inside: [String] { place.hasNamespaces ? ["nsenter", "--net=/run/netns/n\(index)", "--"] : [] }

    /// Waits until the gateway takes connections, which a node opens last.
    func ready() async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.startTimeMax
        while !PortProbe.answers(gateway) {
            guard isRunning else { throw ControlError(.failed, "\(title) did not start: \(lastWords)") }
            guard clock.now < deadline else {
                throw ControlError(.failed, "\(title) takes no connections after \(Self.startTimeMax): \(lastWords)")
            }
            try await clock.sleep(for: .milliseconds(50))
        }
    }

    func kill() {
        process.withLock { process in
            process?.kill()
            process = nil
        }
    }

    func signal(_ number: Int32) { process.withLock { $0?.signal(number) } }

    /// How the process ended without being killed; told once.
    func takeEnd() -> Int32? {
        process.withLock { held in
            guard let status = held?.status else { return nil }
            held = nil
            return status
        }
    }

    var lastWords: String {
        let text = (try? String(contentsOfFile: place.log(index), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(3).joined(separator: " | ")
    }

    // MARK: - Asking

    /// Runs a command of the program against this node.
    func run(_ arguments: [String], timeMax: Duration) async throws -> ShortCommand.Result {
        try await ShortCommand(
            inside + [place.program] + arguments + ["--data", data],
            place: place,
            timeMax: timeMax
        ).run()
    }

    /// Runs a command that prints one line of JSON.
    func ask<Value: Decodable>(_ arguments: [String], as _: Value.Type, timeMax: Duration) async throws -> Value {
        let result = try await run(arguments + ["--json"], timeMax: timeMax)
        let line = result.text.split(separator: "\n").first { $0.hasPrefix("{") }
        guard result.exitCode == 0, let line else {
            let code = result.exitCode.map { "exit code \($0)" } ?? "no end within \(timeMax)"
            throw ControlError(.failed, "\(arguments[0]) at \(title): \(code), \(result.text.prefix(300))")
        }
        return try JSONDecoder().decode(Value.self, from: Data(line.utf8))
    }

    // MARK: - Memory

    /// Reads what the process takes now.
    func sampleMemory(at elapsed: Duration) {
        guard let id = process.withLock({ $0?.hasEnded == false ? $0?.id : nil }),
            let text = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) ?? Self.number(in: line)
        else { return }
        memoryState.withLock { $0.add(kilobytes * 1_024, at: elapsed) }
    }

    private static func number(in line: Substring) -> Int? { Int(line.filter(\.isNumber)) }
}
