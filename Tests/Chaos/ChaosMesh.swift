import Control
import Demo
import Foundation

/// The nodes of a run.
final class ChaosMesh: Sendable {
    let nodes: [ChaosNode]
    private let place: ChaosPlace

    private static let meetTimeMax = Duration.seconds(120)

    struct Invite: Decodable {
        let invite: String
    }

    struct Status: Decodable {
        struct Members: Decodable {
            let alive: Int
            let known: Int
        }

        struct Count: Decodable {
            let live: Int
            let target: Int
        }

        let members: Members
        let copies: Count
        let pieces: Count
    }

    init(count: Int, place: ChaosPlace) throws {
        self.place = place
        nodes = try (1...count).map { try ChaosNode($0, place: place) }
    }

    /// Starts the first node, lets the others join, and waits until all know all.
    func start() async throws {
        for node in nodes { try await node.prepare() }
        try nodes[0].launch(invite: nil)
        try await nodes[0].ready()
        let result = try await nodes[0].run(["invite"], timeMax: .seconds(20))
        guard let invite = result.text.split(separator: "\n").first(where: { $0.hasPrefix("holdfast-") }) else {
            throw ControlError(.failed, "no invitation: \(result.text)")
        }
        for node in nodes.dropFirst() { try node.launch(invite: String(invite)) }
        for node in nodes.dropFirst() { try await node.ready() }
        try await settle()
    }

    /// Waits until every node counts all as alive.
    func settle() async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.meetTimeMax
        for node in nodes {
            while true {
                let status = try? await node.ask(["status"], as: Status.self, timeMax: .seconds(20))
                if status?.members.alive == nodes.count { break }
                guard clock.now < deadline else {
                    throw ControlError(
                        .failed,
                        "\(node.title) counts \(status?.members.alive ?? 0) of \(nodes.count) nodes: \(node.lastWords)"
                    )
                }
                try await clock.sleep(for: .milliseconds(200))
            }
        }
    }

    func killAll() { for node in nodes { node.kill() } }

    /// Connects a node to the others, or takes its cable out.
    func setLink(of node: ChaosNode, up isUp: Bool) async throws {
        try await place.system(["ip", "link", "set", "v\(node.index)", isUp ? "up" : "down"])
    }
}
