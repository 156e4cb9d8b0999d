import Control
import Demo
import Foundation
import Glibc

/// Where the nodes of a run live, and what this machine lets happen to them.
struct ChaosPlace: Sendable {
    let folder: String
    let program: String
    let hasNamespaces: Bool
    /// Whether each node has a small disk of its own, which can be filled.
    let hasDisks: Bool
    private let keep: Bool
    let leash: Leash

    /// Of a node's own disk, in bytes; more than all that is stored takes.
    static let diskBytes = 512 << 20

    init(program: String?, hasNamespaces: Bool, keep: Bool) throws {
        guard let leash = Leash() else { throw ControlError(.failed, "this process may not open more files") }
        self.leash = leash
        self.keep = keep
        self.hasNamespaces = hasNamespaces
        let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        self.program = program ?? own.appending(path: "holdfast").path
        guard access(self.program, X_OK) == 0 else {
            throw ControlError(.usage, "\(self.program) is no program; build it or name one with --program")
        }
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        folder = base + "/holdfast-chaos-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder + "/operators", withIntermediateDirectories: true)
        // Mounts vanish with the mount namespace that scripts/chaos makes.
        hasDisks = hasNamespaces
    }

    var abilities: String {
        let yes = "each node has a network namespace and a disk of its own"
        let no = "without network namespaces and disks of their own (not root): nodes are not cut off and not filled"
        return hasNamespaces ? yes : no
    }

    func node(_ index: Int) -> String { "\(folder)/node-\(index)" }
    func data(_ index: Int) -> String { node(index) + "/data" }
    func log(_ index: Int) -> String { "\(folder)/node-\(index).log" }

    /// Runs a program of the system to its end.
    ///
    /// - Throws: ``ControlError`` with what it printed.
    func system(_ arguments: [String]) async throws {
        let result = try await ShortCommand(arguments, place: self, timeMax: .seconds(20)).run()
        guard result.exitCode == 0 else {
            throw ControlError(.failed, "\(arguments.joined(separator: " ")): \(result.text)")
        }
    }

    func remove() {
        guard !keep else { return tell("kept in \(folder)") }
        let files = FileManager.default
        if hasDisks {
            // A folder on which a disk is mounted cannot be removed.
            for name in (try? files.contentsOfDirectory(atPath: folder)) ?? [] {
                umount2("\(folder)/\(name)", Int32(MNT_DETACH))
            }
        }
        do { try files.removeItem(atPath: folder) } catch { tell("left behind: \(folder) (\(error))") }
    }
}

/// A command that runs to its end within a time.
struct ShortCommand: Sendable {
    struct Result: Sendable {
        /// `nil` when it took too long and was killed.
        let exitCode: Int32?
        /// What it printed, both streams.
        let text: String
    }

    private let arguments: [String]
    private let place: ChaosPlace
    private let timeMax: Duration

    init(_ arguments: [String], place: ChaosPlace, timeMax: Duration) {
        self.arguments = arguments
        self.place = place
        self.timeMax = timeMax
    }

    func run() async throws -> Result {
        let output = "\(place.folder)/\(UUID().uuidString).out"
        defer { try? FileManager.default.removeItem(atPath: output) }
        let process = try NodeProcess(
            executable: "/usr/bin/env",
            arguments: arguments,
            environment: NodeProcess.environment,
            log: output,
            leash: place.leash
        )
        let clock = ContinuousClock()
        let deadline = clock.now + timeMax
        while !process.hasEnded, clock.now < deadline, !Task.isCancelled {
            try? await clock.sleep(for: .milliseconds(20))
        }
        let exitCode = process.status
        process.kill()
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        return Result(exitCode: exitCode, text: text)
    }
}
