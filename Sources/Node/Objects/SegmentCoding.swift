import Core
import Erasure
import NIOCore
import Objects

/// The pieces of a filled segment: their commitments, and their bytes as they are sent.
///
/// Parity is computed when it is hashed and again when it is sent: coding costs a tenth of hashing, and holding it would
/// take twice the memory of the segment itself.
struct SegmentCoding: Sendable {
    let buffer: SegmentBuffer
    let layout: SegmentLayout
    private let coder: ErasureCoder

    /// - Parameter buffer: Filled; it is padded here.
    init(_ buffer: SegmentBuffer, code: SegmentCode, coder: ErasureCoder) throws {
        self.buffer = buffer
        self.coder = coder
        layout = try SegmentLayout(code: code, byteCount: buffer.byteCount)
        buffer.pad(to: layout)
    }

    /// The unit hashes of all pieces in some stripes: `[piece][stripe]`.
    func hashes(of stripes: Range<Int>) throws -> [[Digest]] {
        let code = layout.code
        let parityCount = code.totalCount - code.dataCount
        var hashes = [[Digest]](repeating: [], count: code.totalCount)
        let scratch = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(parityCount, 1) * SegmentLayout.unitBytesMax,
            alignment: 64
        )
        defer { scratch.deallocate() }
        for stripe in stripes {
            let data = (0..<code.dataCount).map { buffer.unit(stripe, ofPiece: $0, layout) }
            let count = layout.unitByteCount(stripe)
            let parity = (0..<parityCount).map {
                UnsafeMutableRawBufferPointer(rebasing: scratch[($0 * count)..<(($0 + 1) * count)])
            }
            if parityCount > 0 { try coder.encode(data: data, parity: parity) }
            for (piece, unit) in data.enumerated() { hashes[piece].append(PieceTree.unitHash(of: unit)) }
            for (row, unit) in parity.enumerated() {
                hashes[code.dataCount + row].append(PieceTree.unitHash(of: UnsafeRawBufferPointer(unit)))
            }
        }
        return hashes
    }

    /// Appends units of one piece to `body`.
    func write(_ units: Range<Int>, ofPiece piece: Int, into body: inout ByteBuffer) throws {
        for unit in units {
            if piece < layout.code.dataCount {
                body.writeBytes(buffer.unit(unit, ofPiece: piece, layout))
                continue
            }
            let data = (0..<layout.code.dataCount).map { (index: $0, bytes: buffer.unit(unit, ofPiece: $0, layout)) }
            let count = layout.unitByteCount(unit)
            var failure: ErasureError?
            body.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { region in
                let row = UnsafeMutableRawBufferPointer(rebasing: region[..<count])
                do throws(ErasureError) {
                    try coder.reconstruct(present: data, missing: [(index: piece, bytes: row)])
                } catch {
                    failure = error
                    return 0
                }
                return count
            }
            if let failure { throw failure }
        }
    }
}
