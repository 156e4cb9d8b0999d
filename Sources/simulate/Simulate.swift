import ArgumentParser
import Core
import Foundation
import Mesh
import Simulation

/// Whole meshes in one process: the engines that run for real, a network that only the seed decides about.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run whole meshes under one seed and print what was measured; equal arguments give equal runs."
    )

    @Option(help: "Nodes of the mesh; give it again for another size.")
    var nodes: [Int] = [100]

    @Option(help: "What decides everything that chance decides.")
    var seed: UInt64 = 1

    @Option(help: "Whom nodes deal with: everybody (random fan-out) or tree (HyParView, Plumtree, Lifeguard).")
    var overlay: MeshOverlay = .tree

    @Option(help: "What happens to each mesh; give it again for more. Everything unless told.")
    var part: [ScalePart] = ScalePart.allCases

    @Option(help: "Seconds of each part of a run.")
    var seconds = 60

    @Option(help: "Changes and deaths that are followed in each part.")
    var changes = 5

    @Option(help: "Days of repair of private objects, beside the prediction; 0 for none.")
    var days = 0

    @Flag(help: "Print a JSON object on each line instead of a table.")
    var json = false

    @Option(help: "Folder to draw curves into, as SVG.")
    var svg: String?

    func validate() throws {
        guard nodes.allSatisfy({ (3...100_000).contains($0) }) else {
            throw ValidationError("--nodes is between 3 and 100000, not \(nodes)")
        }
        guard (1...86_400).contains(seconds), (1...100).contains(changes), (0...3_650).contains(days) else {
            throw ValidationError("--seconds is up to 86400, --changes up to 100, --days up to 3650")
        }
    }

    func run() throws {
        var results: [ScaleResult] = []
        if !json { tell(ScaleReport.heading) }
        for count in nodes {
            var settings = ScaleSettings()
            settings.nodes = count
            settings.seed = seed
            // One in a hundred, ten at most: each of them announces itself anew to everybody.
            settings.wrongClocks = Ratio(10, in: UInt32(max(1_000, count)))
            settings.parameters.overlay = overlay
            settings.part = .seconds(seconds)
            settings.changes = changes
            var run = ScaleRun(settings) { say($0) }
            run.run(part) { tell(json ? ScaleReport.object($0) : ScaleReport.line($0)) }
            results += run.results
        }
        if days > 0 { RepairForecast.run(nodes: nodes, days: days, seed: seed, progress: say, found: tell) }
        if let svg { try draw(ScaleReport(results), into: svg) }
    }

    /// A result, at once even into a file.
    private func tell(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    /// To people who wait; results alone go to standard output.
    private func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    private func draw(_ report: ScaleReport, into folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for chart in report.charts {
            try Data(chart.svg.utf8).write(to: URL(filePath: folder).appending(path: chart.name + ".svg"))
        }
    }
}

extension MeshOverlay: ExpressibleByArgument {}
extension ScalePart: ExpressibleByArgument {}
