import ArgumentParser
import Control
import Settings

/// What every command takes.
struct CommonOptions: ParsableArguments, Sendable {
    @Option(help: "Folder with the node's keys and content (default: ~/.holdfast).")
    var data: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    var dataFolder: String {
        SettingsResolver(
            flags: data.map { [.data: [$0]] } ?? [:],
            environment: Surroundings.environment,
            workingFolder: Surroundings.workingFolder
        ).dataFolder
    }

    /// Asks the node that runs with the data folder.
    func withNode<Value>(_ body: (ControlClient) async throws -> Value) async throws -> Value {
        try await ControlClient.with(dataFolder: dataFolder, body)
    }

    /// Prints a result: as JSON when that was asked for, otherwise one item a line.
    func show(_ value: some Encodable, lines: [String]) throws {
        if json {
            try Terminal.print(try JSONText.encode(value))
        } else {
            for line in lines { try Terminal.print(line) }
        }
    }
}
