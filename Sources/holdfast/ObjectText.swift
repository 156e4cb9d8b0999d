import Control
import Settings

/// What commands say about objects.
package enum ObjectText {
    /// `stored 12345 objects, 1.20 GB, as 10 of 30 pieces on 12 operators, 30 of 30 durable; until 2027-01-15`.
    package static func summary(_ result: PutResult) -> String {
        guard result.piecesWanted > 0 else {
            return
                "stored \(count(result.objects, "object")), \(ByteCountText.format(result.bytes)), with their names; "
                + "until \(CalendarDay.text(result.leaseEndMilliseconds))"
        }
        let durable = "\(result.piecesPlaced) of \(result.piecesWanted) durable"
        return
            "stored \(count(result.objects, "object")), \(ByteCountText.format(result.bytes)), as \(result.code) pieces "
            + "on \(count(result.operators, "operator")), \(durable); until \(CalendarDay.text(result.leaseEndMilliseconds))"
            + resumed(result.bytesResumed, "were stored before")
    }

    /// `wrote 3 objects, 1.20 GB`.
    package static func summary(_ result: GetResult) -> String {
        "wrote \(count(result.objects, "object")), \(ByteCountText.format(result.bytes))"
            + resumed(result.bytesResumed, "were written before")
    }

    private static func resumed(_ bytes: Int, _ what: String) -> String {
        bytes > 0 ? "; \(ByteCountText.format(bytes)) \(what)" : ""
    }

    /// `1 object`, `2 objects`.
    package static func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    /// The lines of `stat`.
    package static func lines(_ status: ObjectStatus) -> [String] {
        var lines = [
            "name      \(ObjectNames.printable(status.name))",
            "kind      \(status.kind.rawValue)",
            "objects   \(objects(status))",
            "bytes     \(status.bytes)",
            "modified  \(CalendarDay.text(status.modifiedMilliseconds))",
            "lease     until \(CalendarDay.text(status.leaseEndMilliseconds))",
            "spare     \(spare(status.spare))",
        ]
        for conflict in status.conflicts { lines.append("conflict  \(ObjectNames.printable(conflict))") }
        for segment in status.segments {
            lines.append(
                "segment   \(segment.segment), \(segment.bytes) bytes, \(segment.k) of \(segment.n), "
                    + "\(segment.piecesLive) live of \(segment.piecesTarget) wanted, \(spare(segment.spare))"
            )
            for (what, worst) in [
                ("operator", segment.worst.operator), ("hosting", segment.worst.hosting),
                ("jurisdiction", segment.worst.jurisdiction),
            ] {
                guard let worst else { continue }
                lines.append("  most with one \(what): \(worst.name), \(count(worst.pieces, "piece"))")
            }
            // A folder may have thousands; each object tells its own.
            if status.kind == .folder { continue }
            for holder in segment.holders { lines.append("  " + line(holder)) }
        }
        if status.segmentsLeftOut > 0 {
            lines.append("          and \(count(status.segmentsLeftOut, "segment")) that were not looked at")
        }
        return lines
    }

    private static func objects(_ status: ObjectStatus) -> String {
        guard status.objectsWithNames > 0 else { return "\(status.objects)" }
        if status.objects == 1 { return "1, kept with the names because it is small" }
        return "\(status.objects), \(status.objectsWithNames) of them kept with the names because they are small"
    }

    private static func spare(_ pieces: Int) -> String {
        pieces < 0 ? "\(-pieces) missing, cannot be rebuilt now" : "\(count(pieces, "piece")) may be lost"
    }

    private static func line(_ holder: PieceHolder) -> String {
        [
            "\(holder.index)", holder.alive ? "alive" : "dead", holder.operator, holder.hosting, holder.jurisdiction,
            holder.node,
        ].joined(separator: "\t")
    }
}
