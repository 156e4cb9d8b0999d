import ArgumentParser
import Control
import Glibc
import Settings

struct FsckCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck",
        abstract: "Read and check everything that this node stores; prints what is wrong.",
        discussion: """
            What is damaged is made again from other machines, unless --no-repair is given. Exit code 9 when damage
            is left.

            Examples:
              holdfast fsck
              holdfast fsck --no-repair --json
            """
    )

    @OptionGroup var common: CommonOptions

    @Flag(inversion: .prefixedNo, help: "Make damaged pieces again (default: yes).")
    var repair: Bool?

    func run() async throws {
        let result = try await common.withNode { client in
            let display = ProgressDisplay()
            defer { display.clear() }
            return try await client.fsck(repair: repair) { display.show($0) }
        }
        try common.show(result, lines: result.problems)
        Terminal.complain(
            "holdfast: checked \(ObjectText.count(result.blocks, "block")) and "
                + "\(ObjectText.count(result.pieces, "piece")), \(ByteCountText.format(result.bytes)); "
                + "\(result.rebuilt) made again"
        )
        guard result.sound else {
            throw ControlError(.corrupt, "\(ObjectText.count(result.problems.count, "problem")) found")
        }
    }
}

struct ExitCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "exit",
        abstract: "Move what this node holds to other machines, then stop it.",
        discussion: """
            Use it before a machine is given back: nobody has to make up for what it held. The node runs on, and the
            exit code is 1, when something could not be moved. 'holdfast up' starts it again.

            Examples:
              holdfast exit
              holdfast exit --yes --json
            """
    )

    @OptionGroup var common: CommonOptions

    @Flag(help: "Do not ask.")
    var yes = false

    func run() async throws {
        if !yes { try await confirm() }
        let result = try await common.withNode { client in
            let display = ProgressDisplay()
            defer { display.clear() }
            return try await client.exit { display.show($0) }
        }
        try common.show(result, lines: result.left)
        let moved =
            "\(ObjectText.count(result.piecesMoved, "piece")) and "
            + (result.copiesMoved == 1 ? "1 copy" : "\(result.copiesMoved) copies")
        Terminal.complain("holdfast: moved \(moved)")
        guard result.left.isEmpty else {
            throw ControlError(.failed, "\(result.left.count) could not be moved; the node runs on")
        }
    }

    private func confirm() async throws {
        guard Terminal.isInteractive, isatty(STDIN_FILENO) == 1 else {
            throw ControlError(.usage, "nobody is there to be asked; use --yes")
        }
        Terminal.draw("Move everything this node holds to others and stop it? [y/N] ")
        let answer = try await SecretInput.line().lowercased()
        guard answer == "y" || answer == "yes" else { throw ControlError(.interrupted, "nothing was done") }
    }
}
