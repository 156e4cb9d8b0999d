import ArgumentParser
import Control

struct PublishCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish a folder; prints its k51… name, its root CID and a URL.",
        discussion: """
            Returns when whole copies are durable on nodes of different operators. Publishing under the same name again
            keeps the k51…, and costs only what changed.

            Examples:
              holdfast publish ./site
              holdfast publish ./build --name handbook
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The folder to publish.", valueName: "DIR"))
    var folder: String

    @Option(help: ArgumentHelp("Label of the name (default: the folder's name).", valueName: "N"))
    var name: String?

    @Flag(help: "Take hidden entries along.")
    var hidden = false

    @Flag(help: "Name what cannot be read and go on without it, instead of refusing.")
    var skipUnreadable = false

    @Option(help: ArgumentHelp("Whole copies wanted (default: 5, or as many as the mesh has operators)."))
    var copies: Int?

    @Option(help: ArgumentHelp("Days until the lease ends (default: 90).", valueName: "days"))
    var lease: Int?

    func validate() throws {
        if let copies, copies < 1 { throw ValidationError("--copies must be at least 1") }
        if let lease, lease < 1 { throw ValidationError("--lease must be at least 1 day") }
    }

    func run() async throws {
        let path = try Surroundings.existing(folder)
        let request = PublishRequest(
            path: path,
            name: name,
            folderName: SiteLabel.label(typed: folder, resolved: path),
            includeHidden: hidden,
            skipUnreadable: skipUnreadable,
            copies: copies,
            leaseDays: lease
        )
        let result = try await common.withNode { client in
            let display = ProgressDisplay()
            defer { display.clear() }
            return try await client.publish(request) { display.show($0) }
        }
        try common.show(result, lines: [result.name, result.root, result.url])
        Terminal.complainAboutHidden(result.hiddenSkipped)
        for note in result.notes { Terminal.complain("holdfast: \(note)") }
        Terminal.complain("holdfast: \(result.copiesPlaced) of \(result.copiesWanted) copies are durable")
    }
}

struct UnpublishCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "unpublish",
        abstract: "End a published name; its copies are collected.",
        discussion: """
            Example:
              holdfast unpublish handbook
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Label or k51… name.", valueName: "NAME"))
    var name: String

    func run() async throws {
        try await common.withNode { try await $0.unpublish(name) }
        try common.show(["unpublished": name], lines: [])
    }
}
