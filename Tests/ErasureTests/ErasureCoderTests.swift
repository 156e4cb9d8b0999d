import Erasure
import Testing

struct ErasureCoderTests {
    /// Multiplication in GF(2^8) with polynomial 0x11D, by the book.
    static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var (result, left, right) = (0, Int(left), Int(right))
        while right > 0 {
            if right & 1 == 1 { result ^= left }
            left <<= 1
            if left > 0xFF { left ^= 0x11D }
            right >>= 1
        }
        return UInt8(result)
    }

    static func inverse(_ value: UInt8) -> UInt8 {
        (1...255).first { product(value, $0) == 1 } ?? 0
    }

    @Test func encode_smallCode_givesTheVectorsOfTheField() throws {
        // Row 2 is 1/(2 xor 0), 1/(2 xor 1), row 3 the same in turn; 1/2 is 0x8E and 1/3 is 0xF4 modulo 0x11D.
        let coder = try ErasureCoder(dataCount: 2, totalCount: 4)
        #expect(try Pieces.parity(of: [[0x01], [0x00]], coder) == [[0x8E], [0xF4]])
        #expect(try Pieces.parity(of: [[0x00], [0x01]], coder) == [[0xF4], [0x8E]])
        #expect(try Pieces.parity(of: [[0x02], [0x03]], coder) == [[0x00], [0x7A]])
        #expect(try Pieces.parity(of: [[0xFF], [0x80]], coder) == [[0x7A], [0x15]])
    }

    @Test(arguments: [(2, 5), (3, 9), (10, 14), (10, 30), (85, 255)])
    func encode_anyCode_isTheCauchyMatrix(dataCount: Int, totalCount: Int) throws {
        let pieces = try Pieces(dataCount, of: totalCount, length: 3)
        for row in dataCount..<totalCount {
            for byte in 0..<3 {
                let expected = (0..<dataCount).reduce(UInt8(0)) { sum, column in
                    sum ^ Self.product(Self.inverse(UInt8(row ^ column)), pieces.all[column][byte])
                }
                #expect(pieces.all[row][byte] == expected)
            }
        }
    }

    @Test func reconstruct_everySubsetOfThreeOfNine_rebuildsAllOthers() throws {
        let pieces = try Pieces(3, of: 9, length: 100)
        var subsets = 0
        for first in 0..<9 {
            for second in first + 1..<9 {
                for third in second + 1..<9 {
                    try expectRebuilt(pieces, from: [third, first, second])
                    subsets += 1
                }
            }
        }
        #expect(subsets == 84)
    }

    @Test func reconstruct_randomSubsetsOfTenOfThirty_rebuildAllOthers() throws {
        let pieces = try Pieces(10, of: 30, length: 200)
        var rng = Numbers(seed: 30)
        for _ in 0..<300 {
            try expectRebuilt(pieces, from: Array((0..<30).shuffled(using: &rng).prefix(10)))
        }
        #expect(pieces.coder.tablesKept == ErasureCoder.tablesKeptMax)
    }

    @Test(arguments: [1, 2, 15, 16, 31, 33, 63, 64, 65, 127, 1_000, 4_097, 65_535, 65_536])
    func reconstruct_anyLength_rebuilds(length: Int) throws {
        let pieces = try Pieces(4, of: 12, length: length, seed: UInt64(length))
        try expectRebuilt(pieces, from: [11, 2, 7, 4])
        try expectRebuilt(pieces, from: [0, 1, 2, 3])
    }

    @Test func reconstruct_morePresentThanNeeded_givesTheSame() throws {
        let pieces = try Pieces(3, of: 9, length: 64)
        #expect(try pieces.rebuilt([0, 8], from: [7, 6, 5, 4, 1]) == [pieces.all[0], pieces.all[8]])
        #expect(try pieces.rebuilt([], from: [7, 6, 5]) == [])
    }

    @Test func oneDataPiece_everyPiece_isACopy() throws {
        let pieces = try Pieces(1, of: 3, length: 1_001)
        #expect(pieces.all == Array(repeating: pieces.all[0], count: 3))
        #expect(try pieces.rebuilt([0, 1], from: [2]) == Array(repeating: pieces.all[0], count: 2))
    }

    @Test func noParity_encode_doesNothing() throws {
        #expect(try Pieces(1, of: 1, length: 5).all.count == 1)
        #expect(try Pieces(4, of: 4, length: 5).all.count == 4)
    }

    @Test(arguments: [(0, 0), (0, 3), (-1, 2), (4, 3), (10, 256), (256, 256)])
    func code_countsOutsideOfTheField_isRefused(dataCount: Int, totalCount: Int) {
        #expect(throws: ErasureError(.badCounts, "no code has \(dataCount) data pieces among \(totalCount)")) {
            try ErasureCoder(dataCount: dataCount, totalCount: totalCount)
        }
    }

    @Test(arguments: [
        ([2, 3], [0]), ([2, 3, 3], [0]), ([2, 3, 4], [4]), ([2, 3, 9], [0]), ([2, 3, 4], [-1]), ([2, 3, 4], [0, 0]),
    ])
    func reconstruct_wrongPieces_isRefused(present: [Int], missing: [Int]) throws {
        let coder = try ErasureCoder(dataCount: 3, totalCount: 9)
        let (input, output) = (Pieces.blank(4), Pieces.blank(4))
        defer { [input, output].forEach { $0.deallocate() } }
        let error = #expect(throws: ErasureError.self) {
            try coder.reconstruct(
                present: present.map { (index: $0, bytes: UnsafeRawBufferPointer(input)) },
                missing: missing.map { (index: $0, bytes: output) }
            )
        }
        #expect(error?.code == .badPieces)
    }

    @Test func encode_wrongCountsOrLengths_isRefused() throws {
        let coder = try ErasureCoder(dataCount: 2, totalCount: 3)
        let (short, long, empty) = (Pieces.blank(4), Pieces.blank(5), Pieces.blank(0))
        defer { [short, long, empty].forEach { $0.deallocate() } }
        for (data, parity, code) in [
            ([short], [short], ErasureError.Code.badPieces), ([short, short], [], .badPieces),
            ([short, long], [short], .badLength), ([short, short], [long], .badLength),
            ([empty, empty], [empty], .badLength),
        ] {
            let error = #expect(throws: ErasureError.self) {
                try coder.encode(data: data.map { UnsafeRawBufferPointer($0) }, parity: parity)
            }
            #expect(error?.code == code)
        }
    }

    @Test func reconstruct_fromManyTasks_isTheSame() async throws {
        let pieces = try Pieces(10, of: 30, length: 500)
        await withTaskGroup(of: Bool.self) { group in
            for seed in 0..<40 {
                group.addTask {
                    var rng = Numbers(seed: UInt64(seed))
                    let order = (0..<30).shuffled(using: &rng)
                    let missing = Array(order.suffix(3))
                    let made = try? pieces.rebuilt(missing, from: Array(order.prefix(10)))
                    return made == missing.map { pieces.all[$0] }
                }
            }
            for await isSame in group { #expect(isSame) }
        }
    }

    private func expectRebuilt(_ pieces: Pieces, from present: [Int]) throws {
        let missing = (0..<pieces.coder.totalCount).filter { !present.contains($0) }
        #expect(try pieces.rebuilt(missing, from: present) == missing.map { pieces.all[$0] })
    }
}

/// A seeded generator, so that a failure repeats.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &+ 1
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
