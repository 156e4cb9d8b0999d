import Control
import Core
import Demo
import Foundation

/// Stores, replaces, reads and removes private objects through one node, as its owner.
struct ObjectWriter: Sendable {
    let node: ChaosNode
    let ledger: Ledger
    let place: ChaosPlace
    let began: ContinuousClock.Instant
    let seed: UInt64
    let problems: Problems

    /// Objects that an owner keeps; older ones are removed.
    private static let objectsMax = 40
    /// Objects that are replaced again and again.
    private static let hotCount: UInt64 = 4
    static let commandTimeMax = Duration.seconds(60)

    func run(until isOver: @Sendable () -> Bool) async {
        var rng = SplitMix64(seed: seed)
        var number = 0
        while !isOver(), !Task.isCancelled {
            number += 1
            let isHot = Int.random(in: 0..<4, using: &rng) == 0
            let name = isHot ? "hot-\(UInt64.random(in: 0..<Self.hotCount, using: &rng))" : "object-\(number)"
            let size = Int.random(in: 0..<5, using: &rng) == 0 ? 3_000_000 : 150_000
            await put("n\(node.index)/\(name)", bytes: Int.random(in: 1...size, using: &rng), seed: rng.next())
            let stored = ledger.stored(of: node.index)
            if stored.count > Self.objectsMax { await remove(stored[0]) }
            if let name = stored.randomElement(using: &rng), number % 3 == 0 { await read(name) }
            try? await ContinuousClock().sleep(for: .milliseconds(Int.random(in: 100...900, using: &rng)))
        }
    }

    private func put(_ name: String, bytes: Int, seed: UInt64) async {
        let path = "\(place.folder)/put-\(node.index)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try? FileManager.default.removeItem(atPath: path)
        guard let file = try? PrivateFile(generating: bytes, at: path, seed: seed) else { return }
        ledger.attempt(file.digest, as: name, owner: node.index)
        await settle(["put", path, "--name", name], name, file.digest)
    }

    private func remove(_ name: String) async {
        ledger.attempt(nil, as: name, owner: node.index)
        await settle(["rm", name], name, nil)
    }

    private func settle(_ command: [String], _ name: String, _ content: Ledger.Content) async {
        let result = try? await node.run(command, timeMax: Self.commandTimeMax)
        guard result?.exitCode == 0 else { return ledger.refuse(name, isOpen: result?.exitCode == nil) }
        ledger.acknowledge(content, as: name, at: ContinuousClock.now - began)
    }

    /// Reads back while faults happen: who does not answer now may answer later, but nobody may answer wrongly.
    private func read(_ name: String) async {
        let before = ledger.entry(name)
        guard case .content(let content) = await ObjectReader.read(name, at: node, place: place) else { return }
        if let before, !before.allows(content) { problems.add("\(name) reads otherwise than it was acknowledged") }
    }
}

enum ObjectReader {
    enum Outcome {
        case content(Ledger.Content)
        case failed(String)
    }

    /// Reads an object to its end.
    static func read(_ name: String, at node: ChaosNode, place: ChaosPlace) async -> Outcome {
        let path = "\(place.folder)/get-\(node.index)-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let result = try await node.run(["get", name, "-o", path], timeMax: ObjectWriter.commandTimeMax)
            switch result.exitCode {
            case Control.ExitCode.success.rawValue:
                return .content(Digest(hashing: Array(try Data(contentsOf: URL(filePath: path)))))
            case Control.ExitCode.notFound.rawValue: return .content(nil)
            case .some(let code): return .failed("exit code \(code): \(result.text.prefix(300))")
            case nil: return .failed("no end within \(ObjectWriter.commandTimeMax)")
            }
        } catch {
            return .failed("\(error)")
        }
    }
}

/// Publishes version after version of a site, of which one file says which one it is.
struct SitePublisher: Sendable {
    let node: ChaosNode
    let ledger: Ledger
    let folder: String

    struct Published: Decodable {
        let name: String
        let root: String
    }

    static let label = "site"
    static let versionFile = "version.txt"
    private static let interval = Duration.seconds(12)

    func publish() async throws -> Published {
        let version = ledger.attemptSite()
        try Data("\(version)".utf8).write(to: URL(filePath: folder + "/" + Self.versionFile))
        let published = try await node.ask(
            ["publish", folder, "--name", Self.label],
            as: Published.self,
            timeMax: ObjectWriter.commandTimeMax
        )
        ledger.acknowledgeSite(version)
        return published
    }

    func run(until isOver: @Sendable () -> Bool) async {
        while !isOver(), !Task.isCancelled {
            try? await ContinuousClock().sleep(for: Self.interval)
            _ = try? await publish()
        }
    }
}
