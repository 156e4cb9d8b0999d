import ArgumentParser
import Control
import Settings

/// `holdfast`: the root of all commands.
package struct HoldfastCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Keep folders on machines of different operators, public or private; they outlast the machines.",
        discussion: """
            Start a mesh, publish a folder, read it:
              holdfast up --operator me
              holdfast publish ./site
              curl http://127.0.0.1:8080/ipns/NAME/

            Store a folder that only you can read, and have it back:
              holdfast put ~/photos
              holdfast get photos -o /tmp/photos

            Join a mesh from another machine:
              holdfast up --operator alice --join "$(ssh first holdfast invite)"

            Exit codes:
            \(exitCodes)
            """,
        version: Release.version,
        subcommands: [
            UpCommand.self, InviteCommand.self, StatusCommand.self, DoctorCommand.self, ConfigCommand.self,
            AddCommand.self, ImportCommand.self, ExportCommand.self, PublishCommand.self, UnpublishCommand.self,
            NameCommand.self, PutCommand.self, GetCommand.self, ListCommand.self, StatCommand.self, RemoveCommand.self,
            KeyCommand.self, DrillCommand.self, FsckCommand.self, ExitCommand.self, DemoCommand.self,
            CompletionsCommand.self, VersionCommand.self,
        ]
    )

    package init() {}

    private static var exitCodes: String {
        Control.ExitCode.allCases.map { code in
            let number = String(code.rawValue)
            return String(repeating: " ", count: 5 - number.count) + number + "  " + code.meaning
        }.joined(separator: "\n")
    }
}

/// A command that does something, as opposed to one that only holds others.
protocol Subcommand: AsyncParsableCommand, Sendable {
    /// Whether the command deals with SIGINT and SIGTERM itself; otherwise they cancel it.
    var handlesSignals: Bool { get }
}

extension Subcommand {
    var handlesSignals: Bool { false }
}
