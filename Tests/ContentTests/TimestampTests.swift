import Content
import Core
import Testing

@Suite struct TimestampTests {
    private func parse(_ text: String) throws -> Timestamp { try Timestamp(parsing: Array(text.utf8)) }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0), ("1970-01-01T00:00:00.000000001Z", 0, 1),
            ("1969-12-31T23:59:59.999999999Z", -1, 999_999_999), ("2000-02-29T12:34:56.5Z", 951_827_696, 500_000_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800, 0), ("2024-03-01T00:00:00Z", 1_709_251_200, 0),
            ("1900-03-01T00:00:00Z", -2_203_891_200, 0), ("2123-05-30T10:47:28.123456Z", 4_841_117_248, 123_456_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200, 0), ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
            ("2026-01-01T01:30:00+01:30", 1_767_225_600, 0), ("2025-12-31T19:00:00-05:00", 1_767_225_600, 0),
        ] as [(String, Int64, UInt32)]
    ) func time_parsed_isTheKnownSecond(text: String, seconds: Int64, nanos: UInt32) throws {
        let time = try parse(text)
        #expect(time.seconds == seconds && time.nanoseconds == nanos)
        #expect(try parse(time.description) == time)
    }

    @Test(arguments: [
        "", "Z", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01 12:00:00Z", "2026-03-01t12:00:00Z",
        "2026-03-01T12:00:00z", "2026-03-01T12:00Z", "26-03-01T12:00:00Z", "12026-03-01T12:00:00Z",
        "2026-00-01T12:00:00Z", "2026-13-01T12:00:00Z", "2026-04-31T12:00:00Z", "2026-03-00T12:00:00Z",
        "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z", "2026-03-01T12:00:60Z", "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00.1234567890Z",
        "2026-03-01T12:00:00+24:00", "2026-03-01T12:00:00+1:00", "2026-03-01T12:00:00Z ", "+026-03-01T12:00:00Z",
        "2026-03-01T12:00:00,5Z", "2026-03-01T12:00:00ZZ", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        "2026-03-01T12:00:00.5-", "２026-03-01T12:00:00Z",
    ]) func nonsense_parsed_isRefused(text: String) {
        #expect(code { _ = try parse(text) } == .malformed)
    }

    @Test func veryLongText_parsed_isRefused() {
        let text = "2026-03-01T12:00:00." + String(repeating: "0", count: 1_000_000) + "Z"
        #expect(code { _ = try parse(text) } == .malformed)
        #expect(code { _ = try Timestamp(parsing: [0xFF, 0xFE]) } == .malformed)
    }

    /// Counts days by hand from the year 0 and compares at each of them.
    @Test func everyDayOfTenThousandYears_printed_isTheNextDayOfTheCalendar() throws {
        var instant = try parse("0000-01-01T00:00:00Z").instant
        var (wrong, days) = (0, 0)
        for year in 0...9999 {
            let isLeap = year % 400 == 0 || year % 4 == 0 && year % 100 != 0
            for (index, count) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                // All days of some years, the last of each month of all others.
                for day in year % 100 == 0 ? Array(1...count) : [count] {
                    let time = Timestamp(Instant(milliseconds: instant.milliseconds + Int64(day - 1) * 86_400_000))
                    let digits = [year, index + 1, day].map { $0 < 10 ? "0\($0)" : "\($0)" }
                    let text = String(repeating: "0", count: 4 - min(4, digits[0].utf8.count)) + digits[0]
                    let wanted = "\(text)-\(digits[1])-\(digits[2])T00:00:00.000000000Z"
                    if time.description != wanted { wrong += 1 }
                    if try parse(wanted) != time { wrong += 1 }
                    days += 1
                }
                instant.milliseconds += Int64(count) * 86_400_000
            }
        }
        #expect(wrong == 0 && days > 150_000)
        #expect(try parse("9999-12-31T00:00:00Z").instant.milliseconds + 86_400_000 == instant.milliseconds)
    }

    @Test func instant_converted_keepsItsMilliseconds() {
        for milliseconds in [0, 1, -1, -999, -1_000, -1_001, 1_767_225_600_123] as [Int64] {
            #expect(Timestamp(Instant(milliseconds: milliseconds)).instant.milliseconds == milliseconds)
        }
        #expect(Timestamp(.distantPast).description == "0000-01-01T00:00:00.000000000Z")
        #expect(Timestamp(Instant(milliseconds: .max)).description == "9999-12-31T23:59:59.999999999Z")
    }

    @Test func times_compared_areInOrder() throws {
        let texts = [
            "1969-12-31T23:59:59.1Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.1Z", "1970-01-01T00:00:01Z",
        ]
        let times = try texts.map(parse)
        #expect(times.reversed().sorted() == times)
    }
}
