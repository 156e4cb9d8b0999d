import Namespace
import Objects

/// A run of a segment's ciphertext that is fetched at once.
struct SegmentWindow: Hashable, Sendable {
    /// About how many bytes a window has.
    static let bytesWanted = 4 << 20

    let segment: SegmentReference
    let range: Range<Int>

    /// Which of the segment's windows it is.
    var number: Int { range.lowerBound / Self.step(of: segment) }

    /// Windows end where stripes do, so that no unit is fetched twice.
    static func step(of segment: SegmentReference) -> Int {
        let stripe = Int(segment.k) * SegmentLayout.unitBytesMax
        return max(bytesWanted / stripe, 1) * stripe
    }

    /// What both cover, where they are parts of the same window; else `nil`.
    func joined(with other: SegmentWindow) -> SegmentWindow? {
        guard segment.id == other.segment.id, number == other.number else { return nil }
        let start = min(range.lowerBound, other.range.lowerBound)
        return SegmentWindow(segment: segment, range: start..<max(range.upperBound, other.range.upperBound))
    }

    /// The windows that an object lies in, in its order.
    static func all(of object: SealedObject) -> [SegmentWindow] { object.extents.flatMap(all) }

    static func all(of extent: Extent) -> [SegmentWindow] {
        let step = step(of: extent.segment)
        let upperBound = Int(extent.offset) + Int(extent.byteCount)
        var windows: [SegmentWindow] = []
        var start = Int(extent.offset)
        while start < upperBound {
            let end = min((start / step + 1) * step, upperBound)
            windows.append(SegmentWindow(segment: extent.segment, range: start..<end))
            start = end
        }
        return windows
    }
}
