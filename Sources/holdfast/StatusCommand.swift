import ArgumentParser
import Control
import Settings

struct StatusCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the node, its mesh, and the copies and pieces in it.",
        discussion: """
            Example:
              holdfast status --json | jq .members.alive
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let status = try await common.withNode { try await $0.status() }
        let storage = status.storage
        try common.show(
            status,
            lines: [
                "node      \(status.node)",
                "operator  \(status.operator)",
                "mesh      \(status.mesh)",
                "version   \(status.version), up for \(status.uptimeSeconds) s",
                "listen    \(status.listen)",
                "gateway   http://\(status.gateway)",
                "members   \(status.members.alive) alive of \(status.members.known) known",
                "copies    \(status.copies.live) live of \(status.copies.target) wanted, \(status.sites) sites",
                "floors    \(status.floors.stored) stored of \(status.floors.wanted) sites published here"
                    + (status.floors.reason.map { "; \($0)" } ?? ""),
                "pieces    \(status.pieces.live) live of \(status.pieces.target) wanted, \(status.debt) to be made",
                "storage   \(ByteCountText.format(storage.used)) of \(ByteCountText.format(storage.limit)) lent",
                "cache     \(ByteCountText.format(storage.cacheUsed)) of \(ByteCountText.format(storage.cacheLimit))",
            ]
        )
    }
}
