import ArgumentParser
import Control
import Settings

struct InviteCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Print an invite for 'holdfast up --join'.",
        discussion: """
            Whoever has the invite can join the mesh as an operator, so keep it secret. It admits each operator that
            uses it and does not expire, unless --once or --expires say otherwise.

            Example:
              holdfast invite --expires 1d --once
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("How long it admits anybody, for example 30m, 12h or 7d.", valueName: "duration"))
    var expires: String?

    @Flag(help: "Admit only the first operator that uses it.")
    var once = false

    func run() async throws {
        let duration = try expires.map { try DurationText.parse($0) }
        if let duration, duration < .seconds(1) {
            throw ControlError(.usage, "an invite that expires at once admits nobody; --expires takes 1s or more")
        }
        let invite = try await common.withNode { try await $0.invite(expires: duration, once: once) }
        try common.show(["invite": invite], lines: [invite])
        if duration == nil && !once {
            Terminal.complain("holdfast: whoever has this invite can join; --once and --expires limit it")
        }
    }
}
