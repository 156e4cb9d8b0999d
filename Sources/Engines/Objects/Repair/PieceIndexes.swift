/// A set of piece indexes 0...255, without a heap allocation.
struct PieceIndexes: Hashable, Sendable {
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt64 = 0

    var count: Int {
        first.nonzeroBitCount + second.nonzeroBitCount + third.nonzeroBitCount + fourth.nonzeroBitCount
    }

    func contains(_ index: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(index & 63)
        return switch index >> 6 {
        case 0: first & bit != 0
        case 1: second & bit != 0
        case 2: third & bit != 0
        default: fourth & bit != 0
        }
    }

    mutating func insert(_ index: UInt8) {
        let bit = UInt64(1) << UInt64(index & 63)
        switch index >> 6 {
        case 0: first |= bit
        case 1: second |= bit
        case 2: third |= bit
        default: fourth |= bit
        }
    }

    /// The indexes below `n` that are not in the set, ascending.
    func missing(of n: Int) -> [Int] { (0..<min(n, 256)).filter { !contains(UInt8($0)) } }
}
