import ArgumentParser
import Control

struct NameCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "name",
        abstract: "The names that this node publishes.",
        subcommands: [List.self]
    )

    struct List: Subcommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "Print each name: label, k51…, root CID, copies, end of the lease.",
            discussion: """
                Fields are separated by tabs.

                Example:
                  holdfast name ls | cut -f 1,2
                """
        )

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let names = try await common.withNode { try await $0.names() }
            try common.show(
                names,
                lines: names.map { entry in
                    [
                        entry.label, entry.name, entry.root, "\(entry.copiesLive)/\(entry.copiesTarget)",
                        CalendarDay.text(entry.leaseEndMilliseconds),
                        entry.floorReason.map { "floor: \(entry.floor), \($0)" } ?? "floor: \(entry.floor)",
                    ].joined(separator: "\t")
                }
            )
        }
    }
}
