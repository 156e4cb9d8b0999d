import Core

/// The results of runs as people and programs read them.
public struct ScaleReport: Sendable {
    public let results: [ScaleResult]

    public init(_ results: [ScaleResult]) {
        self.results = results
    }

    private static let columns: [(title: String, width: Int)] = [
        ("nodes", 6), ("part", 12), ("s", 5), ("B/node/s", 8), ("events/node/s", 13), ("change 50 %", 11), ("99 %", 6),
        ("all", 6), ("reached", 13), ("death 50 %", 10), ("all", 6), ("false susp.", 11), ("false deaths", 12),
        ("wrong views", 11), ("wrong places", 12), ("forged", 6), ("", 0),
    ]

    /// What stands above the lines.
    public static var heading: String { padded(columns.map(\.title)) }

    /// One part and size.
    public static func line(_ result: ScaleResult) -> String { padded(row(result)) }

    private static func padded(_ texts: [String]) -> String {
        zip(texts, columns).map { text, column in
            text + String(repeating: " ", count: max(0, column.width - text.count))
        }.joined(separator: "  ")
    }

    private static func row(_ result: ScaleResult) -> [String] {
        [
            "\(result.nodes)", result.part, text(result.seconds, 0), text(result.bytesPerNodeAndSecond, 0),
            text(result.eventsPerNodeAndSecond, 1), text(result.arrival(0.5)), text(result.arrival(0.99)),
            text(result.arrival(1)), "\(result.arrivals.count)/\(result.arrivalsWanted)",
            text(result.deathSeen(0.5)), text(result.deathSeen(1)),
            "\(result.falseSuspicions)", "\(result.falseDeaths)", "\(Int(result.wrongViewsPerMillion)) ppm",
            "\(result.wrongPlacements)/\(result.placements)", "\(result.forgedTaken)",
            result.notes.map { "\($0.name): \(text($0.value, 1))" }.joined(separator: ", "),
        ]
    }

    /// An object for each result; numbers that do not exist are null.
    public var json: String { results.map(Self.object).joined(separator: "\n") }

    public static func object(_ result: ScaleResult) -> String {
        var fields: [(String, String)] = [
            ("nodes", "\(result.nodes)"), ("part", "\"\(result.part)\""), ("seconds", text(result.seconds, 1)),
            ("bytesPerNodeAndSecond", text(result.bytesPerNodeAndSecond, 1)),
            ("eventsPerNodeAndSecond", text(result.eventsPerNodeAndSecond, 2)),
            ("changeHalf", json(result.arrival(0.5))), ("change99", json(result.arrival(0.99))),
            ("changeAll", json(result.arrival(1))), ("changeReached", "\(result.arrivals.count)"),
            ("changeWanted", "\(result.arrivalsWanted)"), ("deathHalf", json(result.deathSeen(0.5))),
            ("deathAll", json(result.deathSeen(1))), ("deathReached", "\(result.deathsSeen.count)"),
            ("deathWanted", "\(result.deathsWanted)"), ("falseSuspicions", "\(result.falseSuspicions)"),
            ("falseDeaths", "\(result.falseDeaths)"), ("wrongViewsPerMillion", text(result.wrongViewsPerMillion, 1)),
            ("wrongPlacements", "\(result.wrongPlacements)"), ("placements", "\(result.placements)"),
            ("forgedTaken", "\(result.forgedTaken)"),
        ]
        fields += result.notes.map { ("note: \($0.name)", text($0.value, 3)) }
        return "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }

    private static func json(_ value: Double?) -> String { value.map { text($0, 3) } ?? "null" }

    private static func text(_ value: Double?) -> String { value.map { text($0, 2) } ?? "-" }

    /// A number that is not negative with so many digits after the point.
    static func text(_ value: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((value * Double(scale)).rounded())
        guard digits > 0 else { return "\(whole)" }
        let fraction = "\(whole % scale)"
        return "\(whole / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
