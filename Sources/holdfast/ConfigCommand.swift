import ArgumentParser
import Control
import Settings

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show the settings of a node.",
        subcommands: [Show.self]
    )

    struct Show: Subcommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Print every setting, its value and where the value came from.",
            discussion: """
                Flags come before the environment, the environment before DATA/holdfast.conf, and that before the
                defaults. Takes the flags of 'up'; invites are cut, they are secrets.

                Example:
                  HOLDFAST_HOSTING=hetzner holdfast config show --gateway 127.0.0.1:9090
                """
        )

        @OptionGroup var options: NodeOptions

        @Flag(help: "Print the settings as JSON.")
        var json = false

        struct Item: Codable {
            var name: String
            var value: String
            var origin: String
        }

        func run() async throws {
            let settings = try options.resolve()
            let items = settings.entries.map {
                Item(name: $0.setting.name, value: $0.shown, origin: $0.origin.description)
            }
            if json { return try Terminal.print(try JSONText.encode(items)) }
            for item in items { try Terminal.print("\(item.name) = \(item.value)\t# \(item.origin)") }
        }
    }
}
