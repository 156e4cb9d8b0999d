import Core

/// A point in time in UTC with nanoseconds, years 0000 to 9999, as IPNS records write it.
///
/// Source: RFC 3339 section 5.6 on the proleptic Gregorian calendar; no leap seconds, as in Go and JavaScript.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Longest text that is parsed, in bytes: nine digits of fraction and a numeric offset.
    public static let textBytesMax = 35

    static let secondsMin: Int64 = -62_167_219_200  // 0000-01-01T00:00:00Z
    static let secondsMax: Int64 = 253_402_300_799  // 9999-12-31T23:59:59Z

    /// Since 1970-01-01T00:00:00Z.
    public let seconds: Int64
    /// 0 to 999 999 999, after `seconds`.
    public let nanoseconds: UInt32

    /// The same instant; instants outside the years 0000 to 9999 become the first or last timestamp.
    public init(_ instant: Instant) {
        let (quotient, rest) = instant.milliseconds.quotientAndRemainder(dividingBy: 1_000)
        let seconds = rest < 0 ? quotient - 1 : quotient
        switch seconds {
        case ..<Self.secondsMin: (self.seconds, nanoseconds) = (Self.secondsMin, 0)
        case (Self.secondsMax + 1)...: (self.seconds, nanoseconds) = (Self.secondsMax, 999_999_999)
        default:
            self.seconds = seconds
            nanoseconds = UInt32(rest < 0 ? rest + 1_000 : rest) * 1_000_000
        }
    }

    /// Parses `2026-03-01T12:00:00.123456789Z`: a fraction of one to nine digits or none, `Z` or an offset.
    ///
    /// - Throws: ``ContentError`` `.malformed` for any other text, a day that the month does not have, or a result
    ///   outside the years 0000 to 9999.
    public init(parsing text: some Collection<UInt8>) throws(ContentError) {
        var parser = Parser(rest: Array(text.prefix(Self.textBytesMax + 1))[...])
        guard text.count <= Self.textBytesMax, let (seconds, nanoseconds) = parser.timestamp(),
            (Self.secondsMin...Self.secondsMax).contains(seconds)
        else {
            let shown = String(validating: text.prefix(40), as: UTF8.self) ?? "\(text.count) bytes"
            throw ContentError(.malformed, "\"\(shown)\" is no RFC 3339 time of the years 0000 to 9999")
        }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// In whole milliseconds, rounded down.
    public var instant: Instant { Instant(milliseconds: seconds * 1_000 + Int64(nanoseconds / 1_000_000)) }

    /// RFC 3339 in UTC, always with nine digits of fraction.
    public var description: String {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = seconds - days * 86_400
        let (year, month, day) = Self.date(days: days)
        let date = Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2)
        let time =
            Self.padded(second / 3_600, 2) + ":" + Self.padded(second / 60 % 60, 2) + ":" + Self.padded(second % 60, 2)
        return date + "T" + time + "." + Self.padded(Int64(nanoseconds), 9) + "Z"
    }

    public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        (lhs.seconds, lhs.nanoseconds) < (rhs.seconds, rhs.nanoseconds)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    // MARK: - Calendar

    private static let daysPerEra: Int64 = 146_097  // 400 years

    /// Days from 1970-01-01 to a date. The year is taken to start in March, so that leap days come last.
    fileprivate static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = (month <= 2 ? year - 1 : year) + 400  // keeps the year 0000 positive
        let (era, yearOfEra) = shifted.quotientAndRemainder(dividingBy: 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era - 1) * daysPerEra + dayOfEra - 719_468
    }

    /// The inverse of ``days(year:month:day:)``.
    private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468 + daysPerEra).quotientAndRemainder(dividingBy: daysPerEra)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + (era - 1) * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    fileprivate static func dayCount(year: Int64, month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Reads one RFC 3339 text; nil is a syntax error or a date that does not exist.
private struct Parser {
    var rest: ArraySlice<UInt8>

    mutating func timestamp() -> (seconds: Int64, nanoseconds: UInt32)? {
        guard let year = number(digits: 4), skip("-"), let month = number(digits: 2), (1...12).contains(month),
            skip("-"), let day = number(digits: 2), (1...Timestamp.dayCount(year: year, month: month)).contains(day),
            skip("T"), let hour = number(digits: 2), hour < 24, skip(":"), let minute = number(digits: 2), minute < 60,
            skip(":"), let second = number(digits: 2), second < 60,
            let nanoseconds = fraction(), let offset = offset(), rest.isEmpty
        else { return nil }
        let days = Timestamp.days(year: year, month: month, day: day)
        return (days * 86_400 + hour * 3_600 + minute * 60 + second - offset, nanoseconds)
    }

    private mutating func fraction() -> UInt32? {
        guard skip(".") else { return 0 }
        var (value, count): (UInt32, Int) = (0, 0)
        while let digit = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            guard count < 9 else { return nil }
            value = value * 10 + UInt32(digit - UInt8(ascii: "0"))
            count += 1
            rest = rest.dropFirst()
        }
        guard count > 0 else { return nil }
        for _ in count..<9 { value *= 10 }
        return value
    }

    /// East of Greenwich, in seconds.
    private mutating func offset() -> Int64? {
        if skip("Z") { return 0 }
        let sign: Int64
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2), hours < 24, skip(":"), let minutes = number(digits: 2), minutes < 60 else {
            return nil
        }
        return sign * (hours * 3_600 + minutes * 60)
    }

    private mutating func number(digits: Int) -> Int64? {
        guard rest.count >= digits else { return nil }
        var value: Int64 = 0
        for digit in rest.prefix(digits) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        rest = rest.dropFirst(digits)
        return value
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }
}
