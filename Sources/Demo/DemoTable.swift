import Settings

/// Lines of the live table.
package enum DemoTable {
    package static let header = row(
        ["time", "requests", "retried", "failed", "p50", "p99", "copies", "pieces"],
        event: "what happened"
    )

    /// - Parameters:
    ///   - elapsed: since readers began.
    ///   - window: latencies since the last row.
    ///   - copies: live and wanted; `nil` while nobody could be asked.
    ///   - pieces: of the private file; `nil` while nobody could be asked, or when there is none.
    ///   - fileFailures: readings of the private file that failed, counted with the others.
    package static func row(
        elapsed: Duration,
        tally: ReaderTally,
        window: LatencyHistogram,
        copies: (live: Int, target: Int)?,
        pieces: PieceCount? = nil,
        fileFailures: Int = 0,
        event: String
    ) -> String {
        row(
            [
                "\(elapsed.components.seconds) s",
                "\(tally.requests)", "\(tally.retried)", "\(tally.failed + fileFailures)",
                milliseconds(window.percentile(50)), milliseconds(window.percentile(99)),
                copies.map { "\($0.live)/\($0.target)" } ?? "-",
                pieces.map { "\($0.live)/\($0.wanted)" } ?? "-",
            ],
            event: event
        )
    }

    /// `3.2 ms`; `-` for nothing.
    package static func milliseconds(_ duration: Duration?) -> String {
        guard let duration else { return "-" }
        let value = duration / .milliseconds(1)
        return ByteCountText.decimal(value, value < 99.95 ? 1 : 0) + " ms"
    }

    private static let widths = [6, 9, 8, 7, 9, 9, 8, 9]

    private static func row(_ cells: [String], event: String) -> String {
        let columns = zip(cells, widths).map { cell, width in
            String(repeating: " ", count: max(0, width - cell.count)) + cell
        }
        return columns.joined(separator: " ") + (event.isEmpty ? "" : "  \(event)")
    }
}
