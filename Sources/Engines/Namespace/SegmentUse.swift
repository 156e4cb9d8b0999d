import Core

/// How much of each segment somebody may still want to read.
public struct SegmentUse: Hashable, Sendable {
    /// The live bytes of one segment.
    public struct Share: Hashable, Sendable {
        public let segment: SegmentReference
        /// Bytes of ciphertext that live objects lie in, each counted once.
        public let liveBytes: UInt64
        /// Length of the segment with its padding.
        public var totalBytes: UInt64 { UInt64(segment.paddedBytes) }
    }

    /// What to do with a segment.
    public enum Advice: Hashable, Sendable {
        case keep
        /// Less than half is live: write what is live anew, then set a tombstone.
        case repack
        /// Nothing is live: set a tombstone.
        case remove
    }

    /// Segments of at most this length, padding included, are never repacked: there is nothing worth gaining.
    public static let repackBytesMin: UInt64 = 65_536

    /// By id.
    public let shares: [Share]
    /// Whether all that the entries refer to is known; otherwise nothing may be removed.
    public let isComplete: Bool
    private let index: [Digest: Int]

    /// - Parameters:
    ///   - view: The merged view of all devices; what its conflicts hide counts as live, so that a user can have it back.
    ///   - roots: What the current roots of all devices say: their parts are live as well.
    public init(_ view: NamespaceView, roots: [NamespaceContents]) {
        let losers = view.conflicts.map(\.loser)
        let contents = view.entries.map(\.content) + losers.map(\.content)
        var objects: [SealedObject] = roots.flatMap(\.parts).map(\.object)
        var complete = true
        for content in contents {
            switch content {
            case .object(let object): objects.append(object)
            case .unknown: complete = false
            case .inline, .symlink, .folder, .removed: break
            }
        }
        var runs: [Digest: (segment: SegmentReference, ranges: [Range<UInt64>])] = [:]
        for extent in objects.flatMap(\.extents) {
            let start = UInt64(extent.offset)
            let range = start..<(start + UInt64(extent.byteCount))
            runs[extent.segment.id, default: (extent.segment, [])].ranges.append(range)
        }
        let found = runs.values.map { Share(segment: $0.segment, liveBytes: Self.length(of: $0.ranges)) }
        shares = found.sorted { $0.segment.id.bytes.lexicographicallyPrecedes($1.segment.id.bytes) }
        index = Dictionary(uniqueKeysWithValues: shares.enumerated().map { ($1.segment.id, $0) })
        isComplete = complete
    }

    /// The share of a segment, `nil` if nothing of it is live.
    public func share(of id: Digest) -> Share? { index[id].map { shares[$0] } }

    /// What to do with a segment of the owner that was made before the current roots.
    ///
    /// A segment that is being filled is mentioned by no root yet: do not ask for it.
    public func advice(for id: Digest) -> Advice {
        guard isComplete else { return .keep }
        guard let share = share(of: id) else { return .remove }
        return share.totalBytes > Self.repackBytesMin && share.liveBytes * 2 < share.totalBytes ? .repack : .keep
    }

    /// How many bytes the ranges cover together.
    private static func length(of ranges: [Range<UInt64>]) -> UInt64 {
        var (covered, end): (UInt64, UInt64) = (0, 0)
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.upperBound > end {
            covered += range.upperBound - max(range.lowerBound, end)
            end = range.upperBound
        }
        return covered
    }
}
