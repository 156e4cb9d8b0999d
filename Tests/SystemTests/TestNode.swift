import Foundation
import Glibc
import Synchronization
import TestFolders

/// A real node: its command line, its folder and, while it runs, its process.
final class TestNode: Sendable {
    /// A command that should have worked did not.
    struct CommandFailed: Error, CustomStringConvertible {
        let description: String
    }

    let index: Int
    let folder: TemporaryFolder
    let data: String
    let listen: Loopback.Address
    let gateway: Loopback.Address
    let control: Loopback.Address
    private let options: [String]
    private let process = Mutex<ChildProcess?>(nil)

    private static let hostings = ["home", "hetzner", "aws", "ovh"]
    private static let jurisdictions = ["CH", "DE", "US", "FR"]
    /// First x of the nodes' 127.0.x.1: each operator has a /24 of its own.
    private static let firstSubnet = 240

    /// - Parameter data: the node's folder; by default one of its own in `folder`.
    init(_ index: Int, in folder: TemporaryFolder, data: String? = nil, options: [String] = []) throws {
        self.index = index
        self.folder = folder
        self.data = data ?? "\(folder.path)/node-\(index)"
        self.options = options
        let free = try Loopback.freeAddresses(3, host: "127.0.\(Self.firstSubnet + index).1")
        (listen, gateway, control) = (free[0], free[1], free[2])
    }

    var arguments: [String] {
        [
            "up", "--data", data, "--listen", "\(listen)", "--gateway", "\(gateway)", "--control", "\(control)",
            "--operator", "op-\(index)", "--hosting", Self.hostings[index % Self.hostings.count],
            "--jurisdiction", Self.jurisdictions[index % Self.jurisdictions.count], "--log-level", "notice",
            "--exit-with-parent",
        ] + options
    }

    /// Of the process, once it was started.
    var processID: pid_t? { process.withLock { $0?.id } }

    /// What the process that decodes records for this node has open; `nil` while there is none.
    var trialDescriptors: [Int32]? {
        guard let id = processID else { return nil }
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let child = all.first { Holdfast.text("/proc/\($0)/status").contains("\nPPid:\t\(id)\n") }
        return child.flatMap { try? FileManager.default.contentsOfDirectory(atPath: "/proc/\($0)/fd") }?
            .compactMap { Int32($0) }
    }

    /// Whether the process was started and has not ended.
    var isRunning: Bool { process.withLock { $0 != nil && $0?.status == nil } }

    /// What the node said on standard error.
    var log: String { Holdfast.text("\(folder.path)/node-\(index).log") }

    /// Starts the process and returns at once.
    ///
    /// - Parameters:
    ///   - daysAhead: in which time the node lives.
    ///   - build: another build than the program's, which tests can differ from it.
    func launch(join invite: String? = nil, daysAhead: Int = 0, build: VariantBuild? = nil) throws {
        let clock = daysAhead == 0 ? [] : ["--clock-ahead=\(daysAhead * 86_400)"]
        let started = try ChildProcess(
            build == nil ? Holdfast.path : VariantBuild.path,
            arguments + clock + (build?.options ?? []) + (invite.map { ["--join", $0] } ?? []),
            output: "\(folder.path)/node-\(index).out",
            errors: "\(folder.path)/node-\(index).log"
        )
        process.withLock { $0 = started }
    }

    /// Waits until the gateway takes connections, which a node opens last.
    func ready() async throws {
        try await eventually("node \(index) serves", seen: { log }) {
            guard isRunning else { throw CommandFailed(description: "node \(index) ended: \(log)") }
            return Loopback.answers(gateway)
        }
    }

    func start(join invite: String? = nil, daysAhead: Int = 0, build: VariantBuild? = nil) async throws {
        try launch(join: invite, daysAhead: daysAhead, build: build)
        try await ready()
    }

    /// `SIGKILL`; returns when the process is gone.
    func kill() {
        process.withLock { process in
            process?.kill()
            process = nil
        }
    }

    /// Sends a signal and returns at once.
    func signal(_ number: Int32) {
        process.withLock { $0?.signal(number) }
    }

    /// Sends a signal and returns the exit code.
    func stop(_ signal: Int32 = SIGTERM) async throws -> Int32 {
        guard let running = process.withLock({ $0 }) else { return 0 }
        running.signal(signal)
        return try await running.end()
    }

    /// Runs a command against this node.
    func run(_ arguments: String...) async throws -> Holdfast.Outcome {
        try await Holdfast.run(arguments + ["--data", data], in: folder)
    }

    /// Runs a command that has to work, and returns its lines.
    func output(_ arguments: String...) async throws -> [String] {
        let outcome = try await Holdfast.run(arguments + ["--data", data], in: folder)
        guard outcome.exitCode == 0 else {
            throw CommandFailed(
                description: "\(arguments.joined(separator: " ")): exit code \(outcome.exitCode), \(outcome.errors)"
            )
        }
        return outcome.output
    }

    func invite(_ options: String...) async throws -> String {
        try Self.only(try await Holdfast.run(["invite", "--data", data] + options, in: folder).output)
    }

    func status() async throws -> NodeStatus { try await json("status") }

    func names() async throws -> [NameEntry] { try await json("name", "ls") }

    func publish(_ path: String, _ options: String...) async throws -> Published {
        try await json(["publish", path] + options)
    }

    func stat(_ name: String) async throws -> ObjectStat { try await json("stat", name) }

    func devices() async throws -> [DeviceEntry] { try await json("key", "ls") }

    private func json<Value: Decodable>(_ arguments: String...) async throws -> Value { try await json(arguments) }

    private func json<Value: Decodable>(_ arguments: [String]) async throws -> Value {
        let outcome = try await Holdfast.run(arguments + ["--json", "--data", data], in: folder)
        guard outcome.exitCode == 0 else {
            throw CommandFailed(
                description: "\(arguments.joined(separator: " ")): exit code \(outcome.exitCode), \(outcome.errors)"
            )
        }
        return try JSONDecoder().decode(Value.self, from: Data(try Self.only(outcome.output).utf8))
    }

    private static func only(_ lines: [String]) throws -> String {
        guard lines.count == 1 else { throw CommandFailed(description: "one line expected: \(lines)") }
        return lines[0]
    }

    func get(_ path: String, headers: [String] = []) async throws -> HTTPAnswer {
        try await HTTPAnswer.get(path, at: gateway, headers: headers)
    }
}
