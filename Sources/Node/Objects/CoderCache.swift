import Erasure
import Objects
import Synchronization

/// Erasure coders by their code; each is made once and shared.
package final class CoderCache: Sendable {
    /// Most coders kept: a mesh uses one code at a time, and old segments a few others.
    static let codersMax = 64

    private let coders = Mutex<[SegmentCode: ErasureCoder]>([:])

    package init() {}

    /// - Throws: ``ErasureError`` for a code that there cannot be.
    func coder(_ code: SegmentCode) throws -> ErasureCoder {
        if let coder = coders.withLock({ $0[code] }) { return coder }
        let coder = try ErasureCoder(dataCount: code.dataCount, totalCount: code.totalCount)
        coders.withLock { coders in
            if coders.count >= Self.codersMax { coders = [:] }
            coders[code] = coder
        }
        return coder
    }
}
