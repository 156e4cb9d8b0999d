import Glibc

/// A day as ISO 8601 writes it, in UTC.
package enum CalendarDay {
    /// - Parameter milliseconds: since 1970-01-01T00:00:00Z.
    package static func text(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }
}
