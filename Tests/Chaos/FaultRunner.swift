import Control
import Foundation
import Glibc

/// Lets one fault happen to one node, from its beginning until the node is well again.
struct FaultRunner: Sendable {
    let mesh: ChaosMesh
    let place: ChaosPlace
    let problems: Problems

    private static let fsckTimeMax = Duration.seconds(90)
    private static let fsckAttemptsMax = 4
    /// Of a node that is slowed: a fifth of the time it runs.
    private static let stopped = Duration.milliseconds(160)
    private static let running = Duration.milliseconds(40)

    struct Fsck: Decodable {
        let sound: Bool
        let problems: [String]
    }

    private var clock: ContinuousClock { ContinuousClock() }

    /// - Parameter positions: where bytes are changed, as fractions of a file's length.
    func run(_ step: FaultPlan.Step, positions: [Double]) async {
        guard let node = mesh.nodes.first(where: { $0.index == step.node }) else { return }
        do {
            switch step.fault {
            case .kill: try await restart(node, after: step.lasting)
            case .pause: try await pause(node, for: step.lasting)
            case .slow: try await slow(node, for: step.lasting)
            case .fill: try await fill(node, for: step.lasting)
            case .corrupt: try await corrupt(node, at: positions)
            case .cut: try await cut(node, for: step.lasting)
            }
        } catch is CancellationError {
            heal(node)
        } catch {
            problems.add("\(node.title), \(step.fault.title): \(error)")
            heal(node)
        }
    }

    private func heal(_ node: ChaosNode) {
        node.signal(SIGCONT)
        try? FileManager.default.removeItem(atPath: filler(node))
    }

    private func restart(_ node: ChaosNode, after lasting: Duration) async throws {
        node.kill()
        try await clock.sleep(for: lasting)
        try node.launch(invite: nil)
        try await node.ready()
    }

    private func pause(_ node: ChaosNode, for lasting: Duration) async throws {
        node.signal(SIGSTOP)
        defer { node.signal(SIGCONT) }
        try await clock.sleep(for: lasting)
    }

    private func slow(_ node: ChaosNode, for lasting: Duration) async throws {
        defer { node.signal(SIGCONT) }
        let end = clock.now + lasting
        while clock.now < end {
            node.signal(SIGSTOP)
            try await clock.sleep(for: Self.stopped)
            node.signal(SIGCONT)
            try await clock.sleep(for: Self.running)
        }
    }

    private func cut(_ node: ChaosNode, for lasting: Duration) async throws {
        try await mesh.setLink(of: node, up: false)
        let outcome = await Result.capturing { try await clock.sleep(for: lasting) }
        try await mesh.setLink(of: node, up: true)
        try outcome.get()
    }

    // MARK: - Disks

    private func filler(_ node: ChaosNode) -> String { place.node(node.index) + "/filler" }

    private func fill(_ node: ChaosNode, for lasting: Duration) async throws {
        let descriptor = open(filler(node), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ControlError(.failed, "cannot fill the disk of \(node.title)") }
        let chunk = [UInt8](repeating: 0xF1, count: 1 << 20)
        while write(descriptor, chunk, chunk.count) == chunk.count {}
        while write(descriptor, chunk, 512) > 0 {}
        close(descriptor)
        let outcome = await Result.capturing { try await clock.sleep(for: lasting) }
        try FileManager.default.removeItem(atPath: filler(node))
        try outcome.get()
    }

    /// Flips a byte at each position of the node's volumes, and lets the node check and mend what it stores.
    private func corrupt(_ node: ChaosNode, at positions: [Double]) async throws {
        let volumes = ["blocks/volumes", "pieces/volumes"].flatMap { folder in
            ((try? FileManager.default.contentsOfDirectory(atPath: node.data + "/" + folder)) ?? []).sorted()
                .map { "\(node.data)/\(folder)/\($0)" }
        }
        guard !volumes.isEmpty else { return }
        for (number, position) in positions.enumerated() { flip(volumes[number % volumes.count], at: position) }
        var last = "no answer"
        for _ in 0..<Self.fsckAttemptsMax {
            try await clock.sleep(for: .seconds(3))
            let result = try await node.run(["fsck", "--json"], timeMax: Self.fsckTimeMax)
            let line = result.text.split(separator: "\n").first { $0.hasPrefix("{") }
            if let line, let report = try? JSONDecoder().decode(Fsck.self, from: Data(line.utf8)) {
                if report.sound || report.problems.isEmpty { return }
                last = report.problems.joined(separator: "; ")
            } else {
                last = String(result.text.prefix(300))
            }
        }
        tell("note: \(node.title) is not mended after \(Self.fsckAttemptsMax) checks: \(last)")
    }

    private func flip(_ path: String, at position: Double) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = lseek(descriptor, 0, SEEK_END)
        guard length > 0 else { return }
        let offset = off_t(Double(length) * position)
        var byte: UInt8 = 0
        guard pread(descriptor, &byte, 1, offset) == 1 else { return }
        byte ^= 0xFF
        _ = pwrite(descriptor, &byte, 1, offset)
    }
}

extension Result where Failure == any Error {
    /// What an asynchronous `body` came to.
    static func capturing(_ body: () async throws -> Success) async -> Result {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
