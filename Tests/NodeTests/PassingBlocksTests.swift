import Content
import Core
import Node
import Testing

/// What a gateway holds in memory while its disk takes nothing.
@Suite struct PassingBlocksTests {
    private func blocks(_ numbers: Range<UInt8>) -> [Block] {
        numbers.map { Block(hashing: Array(repeating: $0, count: 100), codec: .raw) }
    }

    @Test func blocks_ofOtherReaders_giveWayOldestFirst() {
        let passing = PassingBlocks(bytesMax: 1_000)
        passing.put(blocks(0..<8))
        passing.put(blocks(8..<12))
        #expect(blocks(0..<2).allSatisfy { passing.block($0.cid) == nil })
        #expect(blocks(2..<12).allSatisfy { passing.block($0.cid)?.readableBytes == 100 })
    }

    @Test func blocks_moreThanFit_areKeptFromTheirBeginning() {
        let passing = PassingBlocks(bytesMax: 1_000)
        passing.put(blocks(0..<5))
        passing.put(blocks(100..<120))
        #expect(blocks(0..<5).allSatisfy { passing.block($0.cid) == nil })
        #expect(blocks(100..<110).allSatisfy { passing.block($0.cid) != nil })
        #expect(blocks(110..<120).allSatisfy { passing.block($0.cid) == nil })
    }

    @Test func blocks_passingForLong_neverExceedTheBound() {
        let passing = PassingBlocks(bytesMax: 1_000)
        for number in 0..<UInt8(200) { passing.put(blocks(number..<number + 1)) }
        #expect(blocks(0..<190).allSatisfy { passing.block($0.cid) == nil })
        #expect(blocks(190..<200).allSatisfy { passing.block($0.cid) != nil })
        passing.clear()
        #expect(blocks(0..<200).allSatisfy { passing.block($0.cid) == nil })
    }
}
