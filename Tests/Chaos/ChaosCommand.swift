import ArgumentParser
import Control
import Demo

/// Real nodes under load, to which everything happens that happens to machines, and a checker that knows what was
/// acknowledged.
@main
struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract: "Kill, pause, fill, corrupt, cut off and slow nodes under load, and name whatever was lost."
    )

    @Option(help: "How long faults happen; building up, healing and checking come on top.")
    var minutes = 10

    @Option(help: "Seed of what happens to whom and of what is stored; the same one repeats both.")
    var seed: UInt64?

    @Option(help: "How many nodes, each of an operator of its own.")
    var nodes = 9

    @Option(help: "Requests per second for the site.")
    var rate = 40

    @Option(help: "The program that nodes run; beside this one unless given.")
    var program: String?

    @Flag(help: "Each node has a network namespace `n1`, `n2`…, as scripts/chaos makes them.")
    var namespaces = false

    @Flag(help: "Keep the nodes' data and logs.")
    var keep = false

    func validate() throws {
        guard (6...20).contains(nodes) else { throw ValidationError("--nodes must be 6 to 20") }
        guard (1...1_440).contains(minutes) else { throw ValidationError("--minutes must be 1 to 1440") }
    }

    func run() async throws {
        let seed = seed ?? .random(in: 1...999_999)
        let place = try ChaosPlace(program: program, hasNamespaces: namespaces, keep: keep)
        defer { place.remove() }
        let mesh = try ChaosMesh(count: nodes, place: place)
        defer { mesh.killAll() }
        let run = ChaosRun(mesh: mesh, place: place, duration: .seconds(minutes * 60), seed: seed, rate: rate)
        tell("chaos for \(minutes) min on \(nodes) nodes, seed \(seed); \(place.abilities)")
        let report = try await run.run()
        for line in report.lines { tell(line) }
        if !report.isClean { throw ExitCode.failure }
    }
}
