import ArgumentParser
import BlockStore
import Control

struct AddCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Compute the root CID of a file or folder; prints it alone.",
        discussion: """
            Needs no running node and stores nothing anywhere: it tells which CID 'publish' would give. Any other
            implementation of the profile unixfs-v1-2025 gives the same.

            Example:
              holdfast add ./site
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The file or folder.", valueName: "PATH"))
    var path: String

    @Flag(help: "Take hidden entries along.")
    var hidden = false

    @Flag(help: "Name what cannot be read and go on without it, instead of refusing.")
    var skipUnreadable = false

    struct Result: Encodable {
        var root: String
        var files: Int
        var folders: Int
        var symlinks: Int
        var bytes: Int
        var hiddenSkipped: Int
        var unreadableSkipped: [String]
    }

    func run() async throws {
        let display = ProgressDisplay()
        defer { display.clear() }
        let report = try rootOfFolder(
            path,
            options: ImportOptions(includesHidden: hidden, skipsUnreadable: skipUnreadable)
        ) { step in
            try Task.checkCancellation()
            display.show(OperationProgress(phase: "hashing", unit: .bytes, done: step.bytes))
        }
        display.clear()
        try common.show(
            Result(
                root: "\(report.root)",
                files: report.files,
                folders: report.folders,
                symlinks: report.symlinks,
                bytes: report.fileBytes,
                hiddenSkipped: report.hiddenEntries,
                unreadableSkipped: report.skipped.map(\.path)
            ),
            lines: ["\(report.root)"]
        )
        for entry in report.skipped { Terminal.complain("holdfast: left out: \(entry.path): \(entry.reason)") }
        Terminal.complainAboutHidden(report.hiddenEntries)
        if report.hidesWellKnown {
            Terminal.complain("holdfast: .well-known is among them, which many sites need")
        }
    }
}
