/// Which pieces of a code, by their indexes below ``ErasureCoder/totalCountMax``.
struct PieceSet: Equatable {
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt64 = 0

    /// - Returns: Whether the index was not in it.
    mutating func insert(_ index: Int) -> Bool {
        let bit = UInt64(1) << UInt64(index % 64)
        guard self[index / 64] & bit == 0 else { return false }
        self[index / 64] |= bit
        return true
    }

    private subscript(_ word: Int) -> UInt64 {
        get {
            switch word {
            case 0: first
            case 1: second
            case 2: third
            default: fourth
            }
        }
        set {
            switch word {
            case 0: first = newValue
            case 1: second = newValue
            case 2: third = newValue
            default: fourth = newValue
            }
        }
    }

    /// In growing order.
    var indexes: [Int] {
        (0..<4).flatMap { word in (0..<64).filter { self[word] >> UInt64($0) & 1 == 1 }.map { word * 64 + $0 } }
    }
}
