/// A duration as people write it: `500ms`, `2s`, `10m`, `1h`, `90d`.
public enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// The longest duration that is accepted: ten years.
    public static let durationMax = Duration.seconds(10 * 365 * 86_400)

    /// - Throws: ``SettingsError`` `.invalidValue` unless `text` is a whole number with a unit, up to ``durationMax``.
    public static func parse(_ text: String) throws(SettingsError) -> Duration {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), let unit = units.first(where: { $0.suffix == text.dropFirst(digits.count) })
        else {
            throw SettingsError(.invalidValue, "'\(text)' is no duration; write for example 500ms, 2s, 10m, 1h or 90d")
        }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
        guard !overflow, .milliseconds(milliseconds) <= durationMax else {
            throw SettingsError(.invalidValue, "'\(text)' is longer than ten years, the longest duration accepted")
        }
        return .milliseconds(milliseconds)
    }

    /// The shortest exact form: `1h` and not `3600s`.
    public static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        guard milliseconds != 0 else { return "0s" }
        let unit = units.last { milliseconds % $0.milliseconds == 0 } ?? units[0]
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }
}

/// A number of bytes as people write it: `4096`, `50GB` (decimal), `512MiB` (binary).
public enum ByteCountText {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("", 1), ("B", 1),
        ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// - Throws: ``SettingsError`` `.invalidValue` unless `text` is a number with a unit of bytes.
    public static func parse(_ text: String) throws(SettingsError) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let count = Int(digits), let unit = units.first(where: { $0.suffix.lowercased() == suffix }) else {
            throw SettingsError(
                .invalidValue,
                "'\(text)' is no number of bytes; write for example 4096, 512MiB or 50GB"
            )
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        guard !overflow else { throw SettingsError(.invalidValue, "'\(text)' is more than any disk holds") }
        return bytes
    }

    /// Three significant digits with a decimal unit, for people: `1.23 GB`.
    public static func format(_ bytes: Int) -> String {
        var value = Double(bytes)
        var names = ["B", "kB", "MB", "GB", "TB", "PB"][...]
        while value >= 999.5, names.count > 1 {
            value /= 1_000
            names = names.dropFirst()
        }
        let decimals = names.first == "B" || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
        return "\(decimal(value, decimals)) \(names.first ?? "B")"
    }

    /// `value` with exactly `decimals` digits behind the point, rounded to nearest.
    public static func decimal(_ value: Double, _ decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard scaled.magnitude < 9e15 else { return "\(value)" }
        let whole = Int64(scaled.magnitude)
        let sign = scaled < 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        let fraction = String(whole % Int64(scale))
        let padding = String(repeating: "0", count: decimals - fraction.count)
        return "\(sign)\(whole / Int64(scale)).\(padding)\(fraction)"
    }
}
