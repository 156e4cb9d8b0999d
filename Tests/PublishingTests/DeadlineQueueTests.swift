import Core
import Publishing
import Testing

@Suite struct DeadlineQueueTests {
    @Test(arguments: UInt64(0)..<50)
    func heap_isFilledAtRandom_givesElementsInOrder(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        var heap = BinaryHeap<Int>()
        let values = (0..<Int.random(in: 0...60, using: &rng)).map { _ in Int.random(in: 0...20, using: &rng) }
        for value in values { heap.insert(value) }
        var sorted: [Int] = []
        while let value = heap.popFirst() { sorted.append(value) }
        #expect(sorted == values.sorted())
    }

    @Test func deadline_isSetTwice_keepsTheEarlier() {
        var queue = DeadlineQueue<String>()
        queue.set("a", at: start + .seconds(5))
        queue.set("a", at: start + .seconds(3))
        queue.set("a", at: start + .seconds(9))
        queue.set("b", at: start + .seconds(4))
        #expect(queue.popDue(at: start + .seconds(2)) == nil)
        #expect(queue.popDue(at: start + .seconds(10)) == "a")
        #expect(queue.popDue(at: start + .seconds(10)) == "b")
        #expect(queue.popDue(at: start + .seconds(10)) == nil)
        queue.set("a", at: start + .seconds(20))
        #expect(queue.popDue(at: start + .seconds(20)) == "a")
    }

    @Test func deadline_isReplacedOverAndOver_memoryStaysBounded() {
        var queue = DeadlineQueue<Int>()
        for step in 0..<10_000 {
            queue.set(step % 10, at: start + day(30) + .seconds(step))
            queue.set(step % 10, at: start)
            _ = queue.popDue(at: start)
        }
        #expect(queue.entryCount < 200)
    }
}
