import Glibc

/// The `Date` field's format (RFC 9110 section 5.6.7): always 29 bytes.
package enum HTTPDate {
    package static let byteCount = 29

    /// Seconds since 1970, from the coarse clock: a few nanoseconds per call.
    static func currentSecond() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return time.tv_sec
    }

    /// `seconds` since 1970 as `Sun, 06 Nov 1994 08:49:37 GMT`.
    package static func format(_ seconds: Int) -> [UInt8] {
        let days = seconds / 86_400
        let second = seconds % 86_400
        // Days to a civil date: Howard Hinnant, "chrono-compatible low-level date algorithms", for dates from 1970 on.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days % 7]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = [second / 3_600, second / 60 % 60, second % 60].map(twoDigits).joined(separator: ":")
        return Array("\(weekday), \(twoDigits(day)) \(months[month - 1]) \(year) \(clock) GMT".utf8)
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
