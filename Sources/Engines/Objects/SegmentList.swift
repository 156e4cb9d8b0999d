import Core

/// The segments that one statement of an owner is about: 1...256 of them, in order and each once.
struct SegmentList {
    let segments: [SegmentID]

    static let countMax = 256

    /// Sorts, and drops repetitions.
    ///
    /// - Throws: ``ObjectsError`` `.outOfRange` for none or too many.
    init(_ segments: [SegmentID], of record: String) throws(ObjectsError) {
        self.segments = Set(segments).sorted()
        try check(record)
    }

    /// - Throws: ``ObjectsError`` `.outOfRange` for none or too many, `.malformed` when they are out of order.
    init(decoded segments: [SegmentID], of record: String) throws(ObjectsError) {
        self.segments = segments
        try check(record)
        for (first, second) in zip(segments, segments.dropFirst()) where first >= second {
            throw ObjectsError(.malformed, "the segments of a \(record) are not in order")
        }
    }

    /// Segments that are known to be in order.
    init(sorted segments: [SegmentID]) {
        self.segments = segments
    }

    private func check(_ record: String) throws(ObjectsError) {
        guard !segments.isEmpty, segments.count <= Self.countMax else {
            throw ObjectsError(.outOfRange, "a \(record) of \(segments.count) segments, 1…\(Self.countMax) are allowed")
        }
    }

    func contains(_ segment: SegmentID) -> Bool {
        var (low, high) = (0, segments.count)
        while low < high {
            let middle = (low + high) / 2
            if segments[middle] < segment { low = middle + 1 } else { high = middle }
        }
        return low < segments.count && segments[low] == segment
    }
}
