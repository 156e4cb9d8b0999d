/// A run of a segment's bytes that lies in one unit of one data piece.
public struct SegmentExtent: Hashable, Sendable {
    /// The data piece, `0..<k`.
    public let piece: Int
    /// The stripe, which is the unit's number in the piece.
    public let unit: Int
    /// Where in the piece the bytes are.
    public let pieceRange: Range<Int>
    /// Where the bytes belong, from the start of the range that was asked for.
    public let offset: Int

    public init(piece: Int, unit: Int, pieceRange: Range<Int>, offset: Int) {
        self.piece = piece
        self.unit = unit
        self.pieceRange = pieceRange
        self.offset = offset
    }
}

/// The data units of one stripe that some bytes need.
public struct StripeNeed: Hashable, Sendable {
    public let stripe: Int
    /// The data pieces whose unit is needed; neighbours, never empty.
    public let pieces: Range<Int>

    public init(stripe: Int, pieces: Range<Int>) {
        self.stripe = stripe
        self.pieces = pieces
    }
}

extension SegmentLayout {
    /// Where the bytes `range` of the padded segment are: one extent per unit, in the order of the bytes.
    ///
    /// `range` lies in `0..<paddedByteCount`. Costs one step per unit.
    public func locate(_ range: Range<Int>) -> [SegmentExtent] {
        var extents: [SegmentExtent] = []
        extents.reserveCapacity(range.count / Self.unitBytesMax + 2)
        for need in needs(of: range) {
            for piece in need.pieces {
                let held = segmentRange(piece: piece, unit: need.stripe)
                let part = held.clamped(to: range)
                let start = need.stripe * Self.unitBytesMax + part.lowerBound - held.lowerBound
                extents.append(
                    SegmentExtent(
                        piece: piece,
                        unit: need.stripe,
                        pieceRange: start..<(start + part.count),
                        offset: part.lowerBound - range.lowerBound
                    )
                )
            }
        }
        return extents
    }

    /// Which data units of which stripes the bytes `range` of the padded segment need, in order.
    public func needs(of range: Range<Int>) -> [StripeNeed] {
        precondition(range.lowerBound >= 0 && range.upperBound <= paddedByteCount, "\(range) is not in this segment")
        guard let last = range.last else { return [] }
        return (stripe(of: range.lowerBound)...stripe(of: last)).map { stripe in
            let start = stripe * code.dataCount * Self.unitBytesMax
            let width = unitByteCount(stripe)
            let first = max(range.lowerBound - start, 0) / width
            let final = min((last - start) / width, code.dataCount - 1)
            return StripeNeed(stripe: stripe, pieces: first..<(final + 1))
        }
    }

    /// The stripe that holds byte `offset` of the padded segment.
    public func stripe(of offset: Int) -> Int { offset / (code.dataCount * Self.unitBytesMax) }
}
