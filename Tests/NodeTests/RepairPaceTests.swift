import Core
import Node
import Objects
import Settings
import Testing

@Suite("Pace of repair")
struct RepairPaceTests {
    @Test("What is moved takes its place behind what was moved before, whoever moves it")
    func spreads() {
        let pace = RepairPace(bytesPerSecond: 1 << 20)
        let begin = ContinuousClock.now
        #expect(pace.start(2 << 20, now: begin) == nil)
        let second = pace.start(1 << 20, now: begin)
        #expect(second == begin + .moving(2 << 20, rate: 1 << 20))
        let third = pace.start(1 << 20, now: begin + .seconds(1))
        #expect(third == second.map { $0 + .moving(1 << 20, rate: 1 << 20) })
    }

    @Test("After a quiet time nothing waits, and nothing is saved up")
    func quiet() {
        let pace = RepairPace(bytesPerSecond: 1 << 20)
        let begin = ContinuousClock.now
        #expect(pace.start(1 << 20, now: begin) == nil)
        let later = begin + .seconds(100)
        #expect(pace.start(1 << 20, now: later) == nil)
        #expect(pace.start(1 << 20, now: later) == later + .moving(1 << 20, rate: 1 << 20))
    }

    @Test("Who is called off while waiting leaves its place to those who come later")
    func givesBack() {
        let pace = RepairPace(bytesPerSecond: 1 << 20)
        let begin = ContinuousClock.now
        #expect(pace.start(1 << 20, now: begin) == nil)
        #expect(pace.start(8 << 20, now: begin) != nil)
        pace.giveBack(8 << 20)
        #expect(pace.start(1 << 20, now: begin) == begin + .moving(1 << 20, rate: 1 << 20))
    }

    @Test("Without a limit nothing waits")
    func unlimited() {
        let pace = RepairPace(bytesPerSecond: 0)
        let begin = ContinuousClock.now
        for _ in 0..<4 { #expect(pace.start(1 << 30, now: begin) == nil) }
    }

    @Test(
        "A repairer that keeps to its limit is not taken for a slow one",
        arguments: [UInt64(1), 1 << 20, 32 << 20, 0]
    )
    func isNotOvertaken(rate: UInt64) {
        var settings = SegmentRepairSettings()
        settings.transferRateMin = 128 << 20
        settings.bytesPerSecondMax = rate
        settings.slowDown()
        guard rate > 0 else {
            #expect(settings.transferRateMin == 128 << 20)
            return
        }
        #expect(settings.transferRateMin >= 1)
        #expect(settings.rebuildsInFlightMax >= 1)
        let gap = Duration.moving(
            UInt64(settings.rebuildsInFlightMax) * SegmentRepairSettings.windowBytesMax,
            rate: max(rate, UInt64(NodeConfiguration.repairRateMin))
        )
        #expect(gap < .seconds(30), "holders give up after a minute without a part")
        #expect(settings.transferRateMin * UInt64(settings.rebuildsInFlightMax) <= max(rate, 4))
    }
}
