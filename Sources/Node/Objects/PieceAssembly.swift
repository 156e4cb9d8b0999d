import Erasure
import NIOCore
import Objects

/// Some stripes of a segment, put together from any k pieces.
struct PieceAssembly: Sendable {
    let layout: SegmentLayout
    /// Units that every one of `pieces` has, from its first byte.
    let units: Range<Int>
    let pieces: [Int: ByteBuffer]
    let coder: ErasureCoder

    /// The bytes of the segment in `range`, which lies within the stripes.
    ///
    /// - Throws: ``ErasureError`` when there are fewer than k pieces.
    func bytes(of range: Range<Int>) throws -> ByteBuffer {
        var bytes = ByteBufferAllocator().buffer(capacity: range.count)
        for unit in units {
            try withUnits(unit) { data in
                for piece in 0..<layout.code.dataCount {
                    let held = layout.segmentRange(piece: piece, unit: unit)
                    let part = held.clamped(to: range)
                    guard !part.isEmpty else { continue }
                    let start = part.lowerBound - held.lowerBound
                    bytes.writeBytes(UnsafeRawBufferPointer(rebasing: data[piece][start..<(start + part.count)]))
                }
            }
        }
        return bytes
    }

    /// Units of one piece that is missing, or not.
    func unit(_ unit: Int, ofPiece index: Int, into body: inout ByteBuffer) throws {
        let count = layout.unitByteCount(unit)
        var failure: ErasureError?
        try withPresent(unit) { present in
            body.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { region in
                let target = UnsafeMutableRawBufferPointer(rebasing: region[..<count])
                if let own = present.first(where: { $0.index == index }) {
                    target.copyMemory(from: own.bytes)
                    return count
                }
                do throws(ErasureError) {
                    try coder.reconstruct(present: present, missing: [(index: index, bytes: target)])
                } catch {
                    failure = error
                    return 0
                }
                return count
            }
        }
        if let failure { throw failure }
    }

    /// The data units of one stripe, rebuilt where they did not come.
    private func withUnits(_ unit: Int, _ body: ([UnsafeRawBufferPointer]) throws -> Void) throws {
        let code = layout.code
        let count = layout.unitByteCount(unit)
        let missing = (0..<code.dataCount).filter { pieces[$0] == nil }
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: max(missing.count * count, 1), alignment: 64)
        defer { scratch.deallocate() }
        try withPresent(unit) { present in
            let targets = missing.enumerated().map { place, piece in
                let region = UnsafeMutableRawBufferPointer(rebasing: scratch[(place * count)..<((place + 1) * count)])
                return (index: piece, bytes: region)
            }
            if !targets.isEmpty { try coder.reconstruct(present: present, missing: targets) }
            var data: [Int: UnsafeRawBufferPointer] = [:]
            for unit in present { data[unit.index] = unit.bytes }
            for target in targets { data[target.index] = UnsafeRawBufferPointer(target.bytes) }
            try body((0..<code.dataCount).compactMap { data[$0] })
        }
    }

    /// The same unit of all pieces that came, by rising index.
    private func withPresent(
        _ unit: Int,
        _ body: ([(index: Int, bytes: UnsafeRawBufferPointer)]) throws -> Void
    ) throws {
        let start = layout.unitRange(unit).lowerBound - layout.unitRange(units.lowerBound).lowerBound
        let range = start..<(start + layout.unitByteCount(unit))
        let sorted = pieces.sorted { $0.key < $1.key }
        try Self.withRegions(sorted[...], range, []) { try body($0) }
    }

    private static func withRegions(
        _ rest: ArraySlice<(key: Int, value: ByteBuffer)>,
        _ range: Range<Int>,
        _ regions: [(index: Int, bytes: UnsafeRawBufferPointer)],
        _ body: ([(index: Int, bytes: UnsafeRawBufferPointer)]) throws -> Void
    ) throws {
        guard let next = rest.first else { return try body(regions) }
        try next.value.withUnsafeReadableBytes { bytes in
            let region = UnsafeRawBufferPointer(rebasing: bytes[range])
            try withRegions(rest.dropFirst(), range, regions + [(index: next.key, bytes: region)], body)
        }
    }
}
