import ArgumentParser
import Control
import Logging
import Node
import Settings

struct UpCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run a node in the foreground.",
        discussion: """
            Without --join, and without peers remembered from before, the node founds a mesh of its own. It prints the
            gateway's address when every command works. Any setting can also stand in the environment
            (HOLDFAST_LISTEN=…) or in DATA/holdfast.conf (listen = …); 'holdfast config show' tells which one counts.

            Examples:
              holdfast up --operator alice --hosting home --jurisdiction CH
              holdfast up --operator bob --join holdfast-uvsg…
            """
    )

    @OptionGroup var options: NodeOptions

    @Flag(help: "Print the node's status as JSON when it is ready.")
    var json = false

    @Flag(help: .hidden)
    var exitWithParent = false

    /// Seconds that the node's clock is ahead, for drills.
    @Option(help: .hidden)
    var clockAhead: Int32?

    var handlesSignals: Bool { true }

    func run() async throws {
        let settings = try options.resolve()
        if exitWithParent { ParentWatch.start() }
        if let clockAhead { Clock.pretend(secondsAhead: Int64(clockAhead)) }
        let level = Logger.Level(rawValue: settings.configuration.logLevel.rawValue) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let json = json
        try await runNode(settings.configuration, logger: Logger(label: "holdfast")) { status in
            // Whoever started the node may have closed its output; the node runs on.
            try? Terminal.print(json ? JSONText.encode(status) : "http://\(status.gateway)")
        }
    }
}
