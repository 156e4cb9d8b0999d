import ArgumentParser
import Control
import Settings

struct PutCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Store files and folders that only you can read; prints the names they got.",
        discussion: """
            Everything is encrypted here and spread over the mesh in pieces, a third of which rebuilds it; fewer than
            three nodes keep whole copies. Returns when enough of it is durable. A folder is stored with all in it,
            each file under FOLDER/…; storing under the same name again replaces what was there.

            After an interruption, give the same command again within 24 hours: what is stored already is not sent again.

            Examples:
              holdfast put ~/photos
              holdfast put notes.txt --name docs/notes.txt
              holdfast put *.jpg --name holiday
              pg_dump shop | holdfast put - --name backup/shop.sql
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Files and folders; '-' is standard input, and needs --name.", valueName: "PATH"))
    var paths: [String]

    @Option(help: ArgumentHelp("Name of the object; several are put under it (default: PATH's name).", valueName: "N"))
    var name: String?

    @Option(help: ArgumentHelp("Days until the lease ends (default: 90).", valueName: "days"))
    var lease: Int?

    @Flag(help: "Leave hidden entries out.")
    var skipHidden = false

    @Flag(help: "Name what cannot be read and go on without it, instead of refusing.")
    var skipUnreadable = false

    func validate() throws {
        if let lease, lease < 1 { throw ValidationError("--lease must be at least 1 day") }
        if paths.contains(ObjectNames.standardStream) {
            guard paths.count == 1 else { throw ValidationError("'-' stands alone: standard input is one object") }
            guard let name, !name.hasSuffix("/") else {
                throw ValidationError("standard input has no name; give it one with --name")
            }
        }
    }

    func run() async throws {
        var request = PutRequest(leaseDays: lease, includeHidden: !skipHidden, skipUnreadable: skipUnreadable)
        let names: [String]
        if paths == [ObjectNames.standardStream], let name {
            names = [try ObjectNames.checked(name)]
            request.name = names[0]
        } else {
            let resolved = try paths.map { (typed: $0, resolved: try Surroundings.existing($0)) }
            names = try ObjectNames.names(of: resolved, name: name)
            request.paths = zip(resolved, names).map { PutRequest.Path(path: $0.resolved, name: $1) }
        }
        let result = try await common.withNode { client in
            let display = ProgressDisplay()
            defer { display.clear() }
            let content = request.name == nil ? nil : DescriptorContent()
            return try await client.put(request, content: content) { display.show($0) }
        }
        try common.show(Stored(names: names, result: result), lines: names.map(ObjectNames.printable))
        for path in result.skipped { Terminal.complain("holdfast: left out: \(ObjectNames.printable(path))") }
        for note in result.notes { Terminal.complain("holdfast: \(note)") }
        Terminal.complain("holdfast: \(ObjectText.summary(result))")
    }

    /// What `--json` prints: the names, and everything the node said.
    struct Stored: Encodable {
        var names: [String]
        var result: PutResult

        private enum CodingKeys: String, CodingKey { case names }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(names, forKey: .names)
            try result.encode(to: encoder)
        }
    }
}
