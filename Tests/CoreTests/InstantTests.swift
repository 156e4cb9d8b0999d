import Core
import Testing

@Suite struct InstantTests {
    private static let ends: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]

    @Test func smallInstants_areShifted_giveTheExactSum() {
        let start = Instant(milliseconds: 1_000)
        #expect(start + .seconds(2) == Instant(milliseconds: 3_000))
        #expect(start - .milliseconds(1_500) == Instant(milliseconds: -500))
        #expect(Instant(milliseconds: 3_000) - start == .seconds(2))
        #expect(start - Instant(milliseconds: 3_000) == .seconds(-2))
    }

    @Test func latestInstant_isMovedOn_saturates() {
        let last = Instant(milliseconds: .max)
        #expect(last + .milliseconds(1) == last)
        #expect(last + .seconds(Int64.max) == last)
        #expect(last - .milliseconds(-1) == last)
        #expect(Instant(milliseconds: 0) + .seconds(Int64.max) == last)
    }

    @Test func earliestInstant_isMovedBack_saturates() {
        #expect(Instant.distantPast - .milliseconds(1) == .distantPast)
        #expect(Instant.distantPast + .milliseconds(-1) == .distantPast)
        #expect(Instant.distantPast + .seconds(Int64.min) == .distantPast)
        #expect(Instant(milliseconds: 0) - .seconds(Int64.max) == .distantPast)
    }

    @Test(arguments: ends, ends)
    func anyTwoInstants_areSubtracted_keepTheirOrder(left: Int64, right: Int64) {
        let difference = Instant(milliseconds: left) - Instant(milliseconds: right)
        #expect((difference < .zero) == (left < right))
        #expect((difference == .zero) == (left == right))
    }

    @Test(arguments: ends)
    func laterInstants_areSubtractedFrom_giveNoShorterTime(milliseconds: Int64) {
        let differences = Self.ends.map { Instant(milliseconds: $0) - Instant(milliseconds: milliseconds) }
        #expect(differences == differences.sorted())
        #expect(differences.last == .milliseconds(Int64.max.subtractingSaturated(milliseconds)))
    }

    @Test(arguments: ends)
    func instant_isMovedByTheLongestDurations_keepsTheDirection(milliseconds: Int64) {
        let instant = Instant(milliseconds: milliseconds)
        for duration in [Duration.seconds(Int64.max), .milliseconds(Int64.max)] {
            #expect(instant + duration >= instant)
            #expect(instant - duration <= instant)
        }
        for duration in [Duration.seconds(Int64.min), .milliseconds(Int64.min)] {
            #expect(instant + duration <= instant)
            #expect(instant - duration >= instant)
        }
    }

    @Test(
        arguments: [
            (Duration.zero, 0), (.microseconds(999), 0), (.microseconds(-999), 0), (.microseconds(1_999), 1),
            (.microseconds(-1_999), -1), (.milliseconds(-1), -1), (.seconds(3), 3_000),
            (.seconds(Int64.max), Int64.max),
            (.seconds(Int64.min), Int64.min), (.milliseconds(Int64.max), Int64.max),
            (.milliseconds(Int64.min), Int64.min),
        ] as [(Duration, Int64)]
    )
    func duration_isCountedInMilliseconds_roundsTowardsZeroAndSaturates(duration: Duration, milliseconds: Int64) {
        #expect(duration.wholeMilliseconds == milliseconds)
    }

    @Test func instants_areCompared_orderByTime() {
        #expect(Instant.distantPast < Instant(milliseconds: -1))
        #expect(Instant(milliseconds: -1) < Instant(milliseconds: 0))
        #expect([3, 1, 2].map { Instant(milliseconds: $0) }.sorted().map(\.milliseconds) == [1, 2, 3])
    }
}

extension Int64 {
    fileprivate func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? .max : difference
    }
}
