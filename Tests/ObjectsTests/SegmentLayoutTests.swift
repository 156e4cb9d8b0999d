import Core
import Objects
import Testing

@Suite struct SegmentCodeTests {
    @Test func code_isOutOfRange_isRefused() {
        for (data, total) in [(0, 1), (-1, 5), (2, 1), (1, 256), (256, 256), (0, 0)] {
            #expect(throws: ObjectsError.self) { try SegmentCode(dataCount: data, totalCount: total) }
        }
    }

    @Test(arguments: [
        (0, 1, 1, 1), (1, 1, 1, 1), (2, 1, 2, 2), (3, 1, 3, 2), (5, 1, 3, 2), (6, 2, 6, 4), (29, 9, 27, 18),
        (30, 10, 30, 20),
        (9_999, 10, 30, 20),
    ])
    func mesh_hasNodes_hasItsCode(nodes: Int, data: Int, total: Int, acknowledgedAt: Int) throws {
        let code = SegmentCode.forMesh(nodes: nodes)
        #expect(try code == SegmentCode(dataCount: data, totalCount: total))
        #expect(code.acknowledgedAt == acknowledgedAt)
        #expect(code.isWholeCopies == (data == 1))
    }

    @Test func acknowledgement_ofAnyCode_canBeReached() throws {
        for total in 1...SegmentCode.totalCountMax {
            for data in 1...total {
                let code = try SegmentCode(dataCount: data, totalCount: total)
                #expect((data...total).contains(code.acknowledgedAt))
            }
        }
    }
}

@Suite struct SegmentLayoutTests {
    static let codes = [(1, 1), (1, 2), (1, 3), (2, 6), (3, 9), (7, 21), (10, 30), (10, 14), (200, 255), (255, 255)]

    @Test func padding_ofKnownLengths_isPadme() {
        let known = [
            (1, 16_384), (16_384, 16_384), (16_385, 17_408), (17_408, 17_408), (100_000, 100_352),
            (1_000_000, 1_015_808), (65_536, 65_536), (65_537, 67_584), (67_108_863, 67_108_864),
            (67_108_864, 67_108_864),
        ]
        for (length, padded) in known { #expect(PaddedLength.of(length) == padded, "\(length)") }
        #expect(PaddedLength.of(.max) == .max)
        #expect(PaddedLength.of(-5) == 16_384)
    }

    @Test func padding_ofManyLengths_isSmallAndStable() {
        var rng = SplitMix64(seed: 1)
        var last = 0
        for length in (0..<2_000).map({ _ in Int.random(in: 16_384...67_108_864, using: &rng) }).sorted() {
            let padded = PaddedLength.of(length)
            #expect(padded >= length && (padded - length) * 100 <= length * 12)
            #expect(PaddedLength.of(padded) == padded && padded >= last && padded <= 67_108_864)
            last = padded
        }
    }

    @Test func layout_isOutOfRange_isRefused() throws {
        let code = SegmentCode.forMesh(nodes: 30)
        for byteCount in [Int.min, -1, 0, 67_108_865, .max] {
            #expect(throws: ObjectsError.self) { try SegmentLayout(code: code, byteCount: byteCount) }
        }
    }

    @Test func layout_ofLargestSegments_isAsDesigned() throws {
        let coded = try SegmentLayout(code: .forMesh(nodes: 30), byteCount: 67_108_864)
        #expect(coded.fullStripeCount == 102 && coded.unitCount == 103)
        #expect(coded.lastUnitByteCount == 26_215 && coded.pieceByteCount == 6_710_887)
        let copies = try SegmentLayout(code: .forMesh(nodes: 2), byteCount: 67_108_864)
        #expect(copies.unitCount == 1_024 && copies.lastUnitByteCount == 0 && copies.pieceByteCount == 67_108_864)
        let small = try SegmentLayout(code: .forMesh(nodes: 30), byteCount: 1)
        #expect(small.fullStripeCount == 0 && small.unitCount == 1 && small.pieceByteCount == 1_639)
    }

    @Test func units_ofAPiece_tileIt() throws {
        for layout in try Self.layouts() {
            var end = 0
            for unit in 0..<layout.unitCount {
                let range = layout.unitRange(unit)
                #expect(range.lowerBound == end && !range.isEmpty)
                #expect(range.count == 65_536 || unit == layout.unitCount - 1)
                end = range.upperBound
            }
            #expect(end == layout.pieceByteCount)
            #expect(layout.pieceByteCount * layout.code.dataCount >= layout.paddedByteCount)
            #expect((layout.pieceByteCount - 1) * layout.code.dataCount < layout.paddedByteCount)
        }
    }

    @Test func locate_wholeSegment_findsEveryByteOnceAndInverts() throws {
        for layout in try Self.layouts() {
            var next = 0
            var seen: Set<[Int]> = []
            for extent in layout.locate(0..<layout.paddedByteCount) {
                #expect(extent.offset == next && !extent.pieceRange.isEmpty)
                #expect(extent.piece < layout.code.dataCount)
                let unit = layout.unitRange(extent.unit)
                #expect(
                    unit.lowerBound <= extent.pieceRange.lowerBound && extent.pieceRange.upperBound <= unit.upperBound
                )
                let held = layout.segmentRange(piece: extent.piece, unit: extent.unit)
                #expect(held == next..<(next + extent.pieceRange.count))
                #expect(extent.pieceRange.lowerBound == unit.lowerBound)
                #expect(seen.insert([extent.piece, extent.unit]).inserted)
                next += extent.pieceRange.count
            }
            #expect(next == layout.paddedByteCount)
            for unit in 0..<layout.unitCount {
                for piece in 0..<layout.code.dataCount where !seen.contains([piece, unit]) {
                    #expect(layout.segmentRange(piece: piece, unit: unit).isEmpty)
                }
            }
        }
    }

    @Test func locate_someRange_agreesWithTheByteByByteDefinition() throws {
        var rng = SplitMix64(seed: 2)
        for layout in try Self.layouts() {
            for _ in 0..<8 {
                let from = Int.random(in: 0...layout.paddedByteCount, using: &rng)
                let width = Int.random(in: 0...300_000, using: &rng)
                let range = from..<min(from + width, layout.paddedByteCount)
                let extents = layout.locate(range)
                #expect(extents.reduce(0) { $0 + $1.pieceRange.count } == range.count)
                for extent in extents {
                    for step in [0, extent.pieceRange.count / 2, extent.pieceRange.count - 1] {
                        let (piece, offset) = Self.place(of: range.lowerBound + extent.offset + step, in: layout)
                        #expect(piece == extent.piece && offset == extent.pieceRange.lowerBound + step)
                    }
                }
                let needs = layout.needs(of: range)
                #expect(
                    needs.flatMap { need in need.pieces.map { [need.stripe, $0] } }
                        == extents.map { [$0.unit, $0.piece] }
                )
            }
        }
    }

    /// The definition, for one byte.
    private static func place(of offset: Int, in layout: SegmentLayout) -> (piece: Int, offset: Int) {
        let stripeBytes = layout.code.dataCount * 65_536
        let stripe = offset / stripeBytes
        let rest = layout.paddedByteCount - layout.paddedByteCount / stripeBytes * stripeBytes
        let width =
            stripe < layout.paddedByteCount / stripeBytes
            ? 65_536 : (rest + layout.code.dataCount - 1) / layout.code.dataCount
        let inStripe = offset % stripeBytes
        return (inStripe / width, stripe * 65_536 + inStripe % width)
    }

    private static func layouts() throws -> [SegmentLayout] {
        var rng = SplitMix64(seed: 3)
        var layouts: [SegmentLayout] = []
        for (data, total) in codes {
            let code = try SegmentCode(dataCount: data, totalCount: total)
            var sizes = [1, 16_384, 16_385, 65_535, 65_536, 65_537, data * 65_536, 67_108_864]
            sizes += [data * 65_536 + 1, 3 * data * 65_536 - 1]
            sizes += (0..<6).map { _ in Int.random(in: 1...1 << Int.random(in: 1...26, using: &rng), using: &rng) }
            for size in sizes where size <= 67_108_864 {
                layouts.append(try SegmentLayout(code: code, byteCount: size))
            }
        }
        return layouts
    }
}
