import ArgumentParser
import Control

struct DrillCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "drill",
        abstract: "Tell what you could still reach if some nodes vanished now; reads it all through the others.",
        discussion: """
            Reads every site and object of yours to its end, each byte verified, without asking anything of what is
            taken for lost; that keeps running and notices nothing. What is lost is written operator:NAME,
            hosting:NAME, jurisdiction:XX, network:PREFIX, node:ID, or as a share of all nodes, drawn by --seed: 33%.
            Operators and nodes go by their key or its last eight characters, your own operator by its name. Exit code
            12 when something would be lost. --all-single tries every operator, hosting provider and jurisdiction:
            computed from who holds what, and the most endangered objects read.

            Examples:
              holdfast drill --lose hosting:aws
              holdfast drill --lose operator:bob --lose 33% --json
              holdfast drill --all-single
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("What is lost; may be given several times.", valueName: "loss"))
    var lose: [String] = []

    @Flag(help: "Try every single operator, hosting provider and jurisdiction, and name the worst.")
    var allSingle = false

    @Option(help: ArgumentHelp("Read only so many objects, drawn at random (default: all).", valueName: "count"))
    var sample: Int?

    @Option(help: "What samples and shares are drawn by (default: 1).")
    var seed: UInt64?

    @Flag(name: .customLong("read"), help: "With --all-single: read everything for each of them.")
    var readAll = false

    func validate() throws {
        guard allSingle != !lose.isEmpty else {
            throw ValidationError("say what is lost with --lose, or use --all-single")
        }
        guard sample.map({ $0 > 0 }) ?? true else { throw ValidationError("--sample is at least 1") }
        guard allSingle || !readAll else { throw ValidationError("--read is for --all-single; --lose reads anyway") }
        guard !allSingle || readAll || sample == nil else {
            throw ValidationError("--sample is for what is read; use --read with it")
        }
    }

    func run() async throws {
        let request = DrillRequest(lose: lose, allSingle: allSingle, sample: sample, seed: seed, readAll: readAll)
        let result = try await common.withNode { client in
            let display = ProgressDisplay()
            defer { display.clear() }
            return try await client.drill(request) { display.show($0) }
        }
        try common.show(result, lines: DrillText.lines(result))
        guard result.losesNothing else { throw ControlError(.wouldLose, DrillText.complaint(result)) }
    }
}
