import Core
import NIOCore
import Namespace
import Objects
import Publishing

/// Reads the archive of a site from the pieces of its floor.
struct FloorReading: Sendable {
    /// How long one window of a segment may take to come, retries included.
    static let windowTimeMax = Duration.seconds(120)

    let fetch: SegmentFetch

    /// Hands the archive over window by window, in its order; the next one is under way while one is taken.
    ///
    /// - Throws: ``NodeError`` when too few pieces can be reached; what `take` throws.
    func read(_ floor: SiteFloor, take: @escaping @Sendable (ByteBuffer) async throws -> Void) async throws {
        var windows: [SegmentWindow] = []
        for (number, segment) in floor.segments.enumerated() {
            let start = UInt64(number) * SiteFloor.segmentBytes
            let extent = try Extent(
                segment: segment.reference,
                offset: 0,
                byteCount: UInt32(min(floor.byteCount - start, SiteFloor.segmentBytes))
            )
            windows += SegmentWindow.all(of: extent)
        }
        guard let first = windows.first else { return }
        var bytes = try await fetch(first)
        for next in windows.dropFirst() {
            async let coming = fetch(next)
            try await take(bytes)
            bytes = try await coming
        }
        try await take(bytes)
    }

    private func fetch(_ window: SegmentWindow) async throws -> ByteBuffer {
        let fetch = fetch
        do {
            return try await withDeadline(Self.windowTimeMax) { try await fetch.read(window.range, of: window.segment) }
        } catch is DeadlineExceeded {
            throw NodeError(.unreachable, "pieces of \(SegmentID(window.segment.id)) did not come in time; try again")
        }
    }
}
