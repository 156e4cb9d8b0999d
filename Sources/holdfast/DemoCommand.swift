import ArgumentParser
import Control
import Demo
import Settings

struct DemoCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Start a mesh on this machine, kill a third of it, and count what readers notice.",
        discussion: """
            Publishes a folder on real nodes of at least 6 operators, reads it through all of their gateways, kills
            nodes with SIGKILL meanwhile, and waits until all copies are back. Stores a private file too, and reads
            it back whole after each kill, through a node with its owner's keys, which is not killed. Fails if one
            request or one byte was wrong. Nothing that it started is left when it ends. The file takes up to 5
            times its size in the temporary folder (TMPDIR).

            Examples:
              holdfast demo --site /usr/share/doc
              holdfast demo --file ~/video.mp4
              holdfast demo --file none
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: "How many nodes.")
    var nodes = 12

    @Option(help: ArgumentHelp("The folder to publish (default: the project's docs).", valueName: "DIR"))
    var site: String?

    @Option(
        help: ArgumentHelp("The file to store; 'none' for none (default: pseudo-random bytes).", valueName: "FILE")
    )
    var file: String?

    @Option(help: ArgumentHelp("Size of the file that is made (default: 256MiB).", valueName: "bytes"))
    var fileSize: String?

    @Option(help: "Requests per second.")
    var rate = 200

    @Option(help: "Seed of what is killed and what is asked for; the same one repeats both.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("How long a silent node keeps its copies.", valueName: "duration"))
    var repairDelay = "2s"

    @Flag(help: "Keep the nodes' data and logs, and say where.")
    var keep = false

    func validate() throws {
        guard file == nil || fileSize == nil else {
            throw ValidationError("--file-size is for the file that is made; leave it out with --file")
        }
    }

    func run() async throws {
        let options = try DemoOptions(
            nodes: nodes,
            site: try site.map { try Surroundings.existing($0) },
            rate: rate,
            seed: seed ?? .random(in: 1...999_999),
            repairDelay: repairDelay,
            file: try source(),
            keep: keep
        )
        let json = common.json
        let report = try await Demo(options: options).run { line in
            if json { Terminal.complain(line) } else { try Terminal.print(line) }
        }
        if json {
            try Terminal.print(try JSONText.encode(report))
        } else {
            for line in report.lines { try Terminal.print(line) }
        }
        if let complaint = report.complaint { throw ControlError(.failed, complaint) }
    }

    /// Where the private file comes from; `nil` for none.
    private func source() throws -> PrivateFileSource? {
        if let file { return file == DemoOptions.noFile ? nil : .existing(try Surroundings.existing(file)) }
        do throws(SettingsError) {
            return .generated(bytes: try fileSize.map(ByteCountText.parse) ?? DemoOptions.fileBytesDefault)
        } catch {
            throw ControlError(.usage, "--file-size: \(error.message)")
        }
    }
}
