import ArgumentParser
import Control
import Settings

struct ImportCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take the blocks of a CAR file into the node; prints its root CIDs.",
        discussion: """
            Every block is checked against its CID. Nothing is placed on other nodes.

            Example:
              holdfast import site.car
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The CAR file (version 1).", valueName: "FILE.car"))
    var file: String

    func run() async throws {
        let path = try Surroundings.existing(file)
        let roots = try await common.withNode { client in
            let display = ProgressDisplay()
            defer { display.clear() }
            return try await client.importCAR(path: path) { display.show($0) }
        }
        try common.show(["roots": roots], lines: roots)
    }
}

struct ExportCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a CID and everything below it into a CAR file; prints the file's path.",
        discussion: """
            What this node lacks is fetched from the mesh and checked. The file is complete or absent.

            Example:
              holdfast export bafy… -o site.car
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("What to export.", valueName: "CID"))
    var cid: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "FILE.car"))
    var output: String

    struct Result: Encodable {
        var path: String
        var bytes: Int
    }

    func run() async throws {
        let path = Surroundings.absolute(output)
        let bytes = try await common.withNode { client in
            let display = ProgressDisplay()
            defer { display.clear() }
            return try await client.exportCAR(cid: cid, to: path) { display.show($0) }
        }
        try common.show(Result(path: path, bytes: bytes), lines: [path])
        Terminal.complain("holdfast: wrote \(ByteCountText.format(bytes))")
    }
}
