import Control
import Settings

/// One line that says how far an operation is, how fast it goes and how long it will take.
package struct ProgressLine: Sendable {
    /// The rate is that of the last seconds, not of the whole operation.
    private static let window = Duration.seconds(5)
    /// A rate over less than this says nothing.
    private static let spanMin = Duration.milliseconds(500)

    private var phase = ""
    private var samples: [(at: Duration, done: Int)] = []

    package init() {}

    /// - Parameter elapsed: time since any fixed moment; must not run backwards.
    package mutating func text(_ progress: OperationProgress, at elapsed: Duration) -> String {
        if progress.phase != phase {
            phase = progress.phase
            samples = []
        }
        samples.append((elapsed, progress.done))
        while samples.count > 2, elapsed - samples[1].at > Self.window { samples.removeFirst() }
        let resumed = progress.resumed.map { " (\(ByteCountText.format($0)) before)" } ?? ""
        var parts = [progress.phase + " " + amount(progress) + resumed]
        guard let first = samples.first, elapsed - first.at >= Self.spanMin else { return parts[0] }
        let perSecond = Double(progress.done - first.done) / ((elapsed - first.at) / .seconds(1))
        guard perSecond > 0 else { return parts[0] }
        parts.append(rate(perSecond, progress.unit))
        if let total = progress.total, total >= progress.done {
            parts.append(Self.clock(Double(total - progress.done) / perSecond) + " left")
        }
        return parts.joined(separator: ", ")
    }

    private func amount(_ progress: OperationProgress) -> String {
        guard progress.unit != .bytes else {
            let total = progress.total.map { " of " + ByteCountText.format($0) } ?? ""
            return ByteCountText.format(progress.done) + total
        }
        let total = progress.total.map { " of \($0)" } ?? ""
        return "\(progress.done)\(total) \(progress.unit.rawValue)"
    }

    private func rate(_ perSecond: Double, _ unit: OperationProgress.Unit) -> String {
        guard perSecond < 1e15 else { return "" }
        return unit == .bytes
            ? ByteCountText.format(Int(perSecond)) + "/s"
            : ByteCountText.decimal(perSecond, perSecond < 10 ? 1 : 0) + " \(unit.rawValue)/s"
    }

    /// `0:07`, `12:34`, `2:03:04`.
    private static func clock(_ seconds: Double) -> String {
        let whole = Int(min(seconds.rounded(.up), 359_999))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = whole / 60 % 60
        let hours = whole / 3_600
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
    }
}
