import Core
import Objects

/// Memory for the ciphertext of one segment; made once and filled anew for each.
///
/// One task fills it; from then on until it is emptied it is only read.
final class SegmentBuffer: @unchecked Sendable {
    // @unchecked: the filling task hands it on whole, and nobody writes while others read.

    /// Bytes behind the last one: the units of the last stripe are rounded up, together by less than a byte per piece.
    private static let marginByteCount = SegmentCode.totalCountMax

    private let memory: UnsafeMutableRawBufferPointer
    /// Bytes of ciphertext so far.
    private(set) var byteCount = 0

    init() {
        memory = .allocate(byteCount: SegmentLayout.segmentBytesMax + Self.marginByteCount, alignment: 64)
    }

    deinit {
        memory.deallocate()
    }

    /// Bytes that still fit.
    var room: Int { SegmentLayout.segmentBytesMax - byteCount }

    /// Hands out the next `count` bytes to be written.
    func append(_ count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count <= room, "a segment has no room for \(count) bytes")
        defer { byteCount += count }
        return UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<(byteCount + count)])
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        append(bytes.count).copyMemory(from: bytes)
    }

    /// Makes everything behind the ciphertext zero, up to the end of the last stripe.
    func pad(to layout: SegmentLayout) {
        let end = layout.code.dataCount * layout.pieceByteCount
        guard end > byteCount else { return }
        UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<end]).initializeMemory(as: UInt8.self, repeating: 0)
    }

    func clear() {
        byteCount = 0
    }

    /// The bytes of a data piece's unit.
    func unit(_ unit: Int, ofPiece piece: Int, _ layout: SegmentLayout) -> UnsafeRawBufferPointer {
        let count = layout.unitByteCount(unit)
        let start = unit * layout.code.dataCount * SegmentLayout.unitBytesMax + piece * count
        return UnsafeRawBufferPointer(rebasing: memory[start..<(start + count)])
    }
}
