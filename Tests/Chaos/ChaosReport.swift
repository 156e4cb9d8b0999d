import Demo
import Settings

/// What a run came to.
struct ChaosReport {
    private let seed: UInt64
    private let faults: [Fault: Int]
    private let tally: ReaderTally
    private let acknowledged: Int
    private let refused: Int
    private let problems: [String]
    private let nodes: [ChaosNode]

    init(
        seed: UInt64,
        faults: [Fault: Int],
        tally: ReaderTally,
        ledger: Ledger,
        problems: [String],
        nodes: [ChaosNode]
    ) {
        self.seed = seed
        self.faults = faults
        self.tally = tally
        acknowledged = ledger.acknowledgements
        refused = ledger.refusals
        self.problems = problems
        self.nodes = nodes
    }

    private var growing: [ChaosNode] { nodes.filter(\.memory.isGrowing) }

    var isClean: Bool { problems.isEmpty && tally.failed == 0 && tally.requests > 0 && growing.isEmpty }

    var lines: [String] {
        let happened = Fault.allCases.compactMap { fault in faults[fault].map { "\($0) × \(fault.title)" } }
        var lines = [
            "",
            "faults        \(happened.joined(separator: ", "))",
            "requests      \(tally.requests), \(tally.retried) asked another gateway, \(tally.failed) failed",
            "writes        \(acknowledged) acknowledged, \(refused) refused or cut off",
            "memory of     "
                + ["starts", "start", "middle", "end", "most", "a minute"].map(Self.cell).joined(),
        ]
        for node in nodes { lines.append(Self.row(node)) }
        lines.append("memory        \(memoryVerdict)")
        lines += tally.examples.map { "FAILED        \($0)" }
        lines += growing.map { "GROWS         \($0.title)" }
        lines += problems.map { "PROBLEM       \($0)" }
        lines.append(isClean ? "nothing that was acknowledged is lost" : "replay: make chaos SEED=\(seed)")
        return lines
    }

    private static func row(_ node: ChaosNode) -> String {
        let memory = node.memory
        let values = [memory.first, memory.middle, memory.last, memory.most]
        let cells =
            ["\(memory.starts)"] + values.map { $0.map { ByteCountText.format($0) } ?? "-" }
            + [memory.fastest.map(Self.text) ?? "-"]
        return "  " + node.title + String(repeating: " ", count: max(0, 12 - node.title.count))
            + cells.map(cell).joined()
    }

    private var memoryVerdict: String {
        let trends = nodes.flatMap(\.memory.trends)
        guard let fastest = trends.max(by: { $0.bytesPerMinute < $1.bytesPerMinute }) else {
            return "no process lived long enough to tell whether it grows"
        }
        let bound = ByteCountText.format(Int(MemoryHistory.bytesPerMinuteMax))
        let verdict = growing.isEmpty ? "within the bound" : "grows"
        return "\(verdict): at most \(Self.text(fastest)) a minute after the first "
            + "\(MemoryHistory.warmUp.components.seconds) s of \(trends.count) processes; the bound is \(bound), "
            + "slower growth is not excluded"
    }

    private static func text(_ trend: MemoryHistory.Trend) -> String {
        let bytes = Int(trend.bytesPerMinute)
        return (bytes < 0 ? "-" : "+") + ByteCountText.format(abs(bytes))
    }

    private static func cell(_ text: String) -> String {
        String(repeating: " ", count: max(0, 13 - text.count)) + text
    }
}
