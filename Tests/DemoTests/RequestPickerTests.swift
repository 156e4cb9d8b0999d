import Demo
import Testing

struct RequestPickerTests {
    @Test(arguments: UInt64(0)..<20)
    func picks_whileThereIsNewContent_areHalfNew(seed: UInt64) {
        var picker = RequestPicker(items: 2_000, gateways: 4, seed: seed)
        var served = Set<[Int]>()
        var fresh = 0
        for _ in 0..<2_000 {
            let pick = picker.next(now: .zero)
            let key = [pick.gateway, pick.item]
            #expect(pick.isFresh == !served.contains(key))
            served.insert(key)
            fresh += pick.isFresh ? 1 : 0
            picker.succeeded(gateway: pick.gateway, item: pick.item)
        }
        #expect((850...1_150).contains(fresh), "seed \(seed): \(fresh)")
        #expect(Set(served.map { $0[0] }).count == 4)
    }

    @Test func content_servedInsteadOfAnotherGateway_isNotNewThereAnyMore() {
        var picker = RequestPicker(items: 1, gateways: 2, seed: 1)
        picker.succeeded(gateway: 0, item: 0)
        picker.succeeded(gateway: 1, item: 0)
        for _ in 0..<20 { #expect(!picker.next(now: .zero).isFresh) }
    }

    @Test func gateway_thatFailed_isLeftAloneForAWhile() {
        var picker = RequestPicker(items: 50, gateways: 3, seed: 1)
        picker.failed(gateway: 1, now: .zero)
        let during = (0..<60).map { _ in picker.next(now: .seconds(1)).gateway }
        #expect(!during.contains(1))
        let after = (0..<60).map { _ in picker.next(now: RequestPicker.asideTime).gateway }
        #expect(after.contains(1))
    }

    @Test func gateways_whenAllFailed_areAskedAgain() {
        var picker = RequestPicker(items: 5, gateways: 2, seed: 1)
        for gateway in 0..<2 { picker.failed(gateway: gateway, now: .zero) }
        #expect(picker.gateway(excluding: [0], now: .zero) == 1)
        #expect(picker.gateway(excluding: [0, 1], now: .zero) == nil)
    }
}
