import ArgumentParser
import Control
import Settings

struct ListCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "Print the names of your objects, one a line.",
        discussion: """
            With -l each line is bytes, day of the last change and name, separated by tabs.

            Examples:
              holdfast ls
              holdfast ls -l photos/ | sort -n
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Beginning of the names (default: all).", valueName: "PREFIX"))
    var prefix: String?

    @Flag(name: .shortAndLong, help: "Print bytes and date too.")
    var long = false

    func run() async throws {
        let entries = try await common.withNode { try await $0.list(prefix: prefix ?? "") }
        try common.show(
            entries,
            lines: entries.map { entry in
                let name = ObjectNames.printable(entry.name) + (entry.kind == .folder ? "/" : "")
                guard long else { return name }
                return "\(entry.bytes)\t\(CalendarDay.text(entry.modifiedMilliseconds))\t\(name)"
            }
        )
    }
}

struct StatCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Show how safe an object is: its pieces, who holds them, and how many may be lost.",
        discussion: """
            Each line of a holder is piece, state, operator, hosting, jurisdiction and node, separated by tabs.

            Examples:
              holdfast stat photos/a.jpg
              holdfast stat photos/a.jpg --json | jq .spare
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The object.", valueName: "NAME"))
    var name: String

    func run() async throws {
        let name = try ObjectNames.checked(name)
        let status = try await common.withNode { try await $0.stat(name) }
        try common.show(status, lines: ObjectText.lines(status))
    }
}

struct RemoveCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove objects from the whole mesh.",
        discussion: """
            Their pieces are collected, and nobody can bring them back. Names are removed one after the other; the
            first that cannot be ends the command.

            Examples:
              holdfast rm notes.txt
              holdfast rm -r photos/2019 photos/2020
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Objects, or with -r what others are stored under.", valueName: "NAME"))
    var names: [String]

    @Flag(name: .shortAndLong, help: "Remove everything under each name too.")
    var recursive = false

    func run() async throws {
        let names = try names.map { try ObjectNames.checked($0) }
        let total = try await common.withNode { client in
            var total = RemoveResult(objects: 0, bytes: 0)
            for name in names {
                let result = try await client.remove(name, recursive: recursive)
                total.objects += result.objects
                total.bytes += result.bytes
            }
            return total
        }
        try common.show(total, lines: [])
        let objects = ObjectText.count(total.objects, "object")
        Terminal.complain("holdfast: removed \(objects), \(ByteCountText.format(total.bytes))")
    }
}
