import ArgumentParser
import Control
import Settings

struct CompletionsCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the completion script for a shell.",
        discussion: """
            Example:
              holdfast completions bash > /etc/bash_completion.d/holdfast
            """
    )

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @OptionGroup var common: CommonOptions

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() async throws {
        guard let known = CompletionShell(rawValue: shell.rawValue) else {
            throw ControlError(.usage, "there are no completions for \(shell.rawValue)")
        }
        let script = HoldfastCommand.completionScript(for: known)
        try common.show(["script": script], lines: [script])
    }
}

struct VersionCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version.",
        discussion: """
            Example:
              holdfast version
            """
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try common.show(["version": Release.version], lines: [Release.version])
    }
}
