import Node
import Testing

struct WakeUpTests {
    @Test func wait_afterTimeOutsAndCancellation_isStillWoken() async {
        let wakeUp = WakeUp()
        for _ in 0..<3 { #expect(await !wakeUp.wait(within: .milliseconds(1))) }
        let cut = Task { await wakeUp.wait(within: .seconds(3_600)) }
        cut.cancel()
        #expect(await !cut.value)
        wakeUp.wake()
        #expect(await wakeUp.wait(within: .seconds(3_600)))
        #expect(await !wakeUp.wait(within: .zero))
    }

    @Test func wait_whatCameBefore_isNotLost_andCountsOnce() async {
        let wakeUp = WakeUp()
        wakeUp.wake()
        wakeUp.wake()
        #expect(await wakeUp.wait(within: .zero))
        #expect(await !wakeUp.wait(within: .zero))
    }
}
