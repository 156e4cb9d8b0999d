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
        passing.remove(blocks(0..<200).map(\.cid))
        #expect(blocks(0..<200).allSatisfy { passing.block($0.cid) == nil })
    }

    @Test func blocks_keptMeanwhile_leaveThoseOfOtherReaders() {
        let passing = PassingBlocks(bytesMax: 1_000)
        passing.put(blocks(0..<10))
        passing.remove(blocks(2..<5).map(\.cid))
        #expect(blocks(2..<5).allSatisfy { passing.block($0.cid) == nil })
        #expect((blocks(0..<2) + blocks(5..<10)).allSatisfy { passing.block($0.cid)?.readableBytes == 100 })
        // The room is free again, and the oldest give way first as before.
        passing.put(blocks(2..<5))
        #expect(blocks(0..<10).allSatisfy { passing.block($0.cid) != nil })
        passing.put(blocks(10..<12))
        #expect(blocks(0..<2).allSatisfy { passing.block($0.cid) == nil })
        #expect(blocks(2..<12).allSatisfy { passing.block($0.cid) != nil })
    }

    @Test func blocks_thatTheStoreCannotRead_areExpectedUntilItCan() {
        let passing = PassingBlocks(bytesMax: 1_000)
        let all = blocks(0..<4)
        passing.expect(all[1].cid)
        passing.expect(all[2].cid)
        #expect(passing.expected(of: all) == [all[1].cid, all[2].cid])
        passing.put(Array(all[1...2]))
        passing.forget(all[1].cid)
        #expect(passing.expected(of: all) == [all[2].cid])
        #expect(passing.block(all[1].cid) == nil)
        #expect(passing.block(all[2].cid) != nil)
    }

    @Test func blocks_expectedForLong_neverExceedTheBound() {
        let passing = PassingBlocks(bytesMax: 1_000)
        let many = (0..<PassingBlocks.expectedMax + 10).map { number in
            Block(hashing: withUnsafeBytes(of: UInt64(number).littleEndian) { Array($0) }, codec: .raw)
        }
        for block in many { passing.expect(block.cid) }
        #expect(passing.expected(of: many).count == PassingBlocks.expectedMax)
        #expect(passing.expected(of: [many[many.count - 1]]).count == 1)
    }
}
