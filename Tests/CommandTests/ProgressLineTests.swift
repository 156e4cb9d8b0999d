import Control
import Testing
import holdfast

struct ProgressLineTests {
    @Test func firstStep_hasNoRate() {
        var line = ProgressLine()
        #expect(line.text(.init(phase: "importing", unit: .files, done: 5), at: .zero) == "importing 5 files")
    }

    @Test func laterSteps_showRateAndTimeLeft() {
        var line = ProgressLine()
        _ = line.text(.init(phase: "importing", unit: .files, done: 0, total: 1_000), at: .seconds(1))
        #expect(
            line.text(.init(phase: "importing", unit: .files, done: 200, total: 1_000), at: .seconds(3))
                == "importing 200 of 1000 files, 100 files/s, 0:08 left"
        )
    }

    @Test func bytes_areForPeople() {
        var line = ProgressLine()
        _ = line.text(.init(phase: "placing", unit: .bytes, done: 0, total: 400_000_000_000), at: .zero)
        #expect(
            line.text(.init(phase: "placing", unit: .bytes, done: 100_000_000, total: 400_000_000_000), at: .seconds(1))
                == "placing 100 MB of 400 GB, 100 MB/s, 1:06:39 left"
        )
    }

    @Test func rate_isThatOfTheLastSeconds() {
        var line = ProgressLine()
        for second in 0...60 {
            _ = line.text(.init(phase: "p", unit: .files, done: min(second, 50) * 10), at: .seconds(second))
        }
        // Nothing moved for the last ten seconds: no rate, and no time left made up from an old one.
        #expect(line.text(.init(phase: "p", unit: .files, done: 500), at: .seconds(61)) == "p 500 files")
    }

    @Test func newPhase_forgetsTheOldRate() {
        var line = ProgressLine()
        _ = line.text(.init(phase: "importing", unit: .files, done: 0), at: .zero)
        #expect(
            line.text(.init(phase: "placing", unit: .copies, done: 1, total: 5), at: .seconds(9))
                == "placing 1 of 5 copies"
        )
    }
}
