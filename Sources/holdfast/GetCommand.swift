import ArgumentParser
import Control
import Glibc
import Settings

struct GetCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Write an object, or everything under a name, to this machine; prints the path.",
        discussion: """
            Each file is complete or absent, and replaces the one that was there. With '-o -' a file goes to standard
            output as it arrives, with '-o DEVICE' to that device or pipe; the exit code tells whether it was complete.

            After an interruption the same command goes on where it ended. What it has so far lies beside the target, in
            PATH.….holdfast-part and PATH.….holdfast-seals; you may delete these.

            Examples:
              holdfast get photos
              holdfast get photos/2024/a.jpg -o /tmp/a.jpg
              holdfast get backup/shop.sql -o - | psql shop
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The object, or what others are stored under.", valueName: "NAME"))
    var name: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where to write it; '-' is standard output (default: NAME's last part).", valueName: "PATH")
    )
    var output: String?

    struct Result: Encodable {
        var path: String
        var objects: Int
        var bytes: Int
        var bytesResumed: Int
    }

    func validate() throws {
        if output == ObjectNames.standardStream, common.json {
            throw ValidationError("standard output takes the object or its JSON, not both")
        }
    }

    func run() async throws {
        let name = try ObjectNames.checked(name)
        if output == ObjectNames.standardStream { return try await stream(name, to: STDOUT_FILENO) }
        let path = Surroundings.absolute(output ?? ObjectNames.last(of: name))
        if let descriptor = try await SpecialFile.open(path) {
            defer { close(descriptor) }
            return try await stream(name, to: descriptor)
        }
        let result = try await common.withNode { client in
            let display = ProgressDisplay()
            defer { display.clear() }
            return try await client.get(GetRequest(name: name, path: path)) { display.show($0) }
        }
        let written = Result(
            path: path,
            objects: result.objects,
            bytes: result.bytes,
            bytesResumed: result.bytesResumed
        )
        try common.show(written, lines: [path])
        Terminal.complain("holdfast: \(ObjectText.summary(result))")
    }

    private func stream(_ name: String, to descriptor: Int32) async throws {
        try await common.withNode { client in
            let display = ProgressDisplay()
            defer { display.clear() }
            let stream = try await client.content(of: name)
            var done = 0
            for try await chunk in stream.chunks {
                guard try await DescriptorOutput.write(chunk, to: descriptor) else { return }
                done += chunk.readableBytes
                display.show(OperationProgress(phase: "reading", unit: .bytes, done: done, total: stream.byteCount))
            }
        }
    }
}
