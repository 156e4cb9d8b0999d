import Control
import Settings

/// What `drill` says.
package enum DrillText {
    /// Most items and losses that are shown; `--json` has more.
    static let rowsMax = 40
    /// Longest name in a table, in characters.
    private static let nameMax = 32

    package static func lines(_ result: DrillResult) -> [String] {
        var lines = head(result)
        if !result.items.isEmpty { lines += [""] + table(result) }
        if !result.singles.isEmpty { lines += [""] + singles(result) }
        return lines + [""] + foot(result)
    }

    /// For standard error, when something would be lost.
    package static func complaint(_ result: DrillResult) -> String {
        if let worst = result.singles.first, worst.tally.lost > 0 {
            return "losing \(worst.kind) \(short(worst.name)) alone would lose \(items(worst.tally.lost))"
        }
        return "\(items(result.tally.lost)) would be lost"
    }

    // MARK: - Parts

    private static func head(_ result: DrillResult) -> [String] {
        var lines = result.losses.map { loss in
            let drawn = loss.rule.hasSuffix("%") ? ", drawn with seed \(result.reads.seed)" : ""
            return "without    \(loss.rule): \(ObjectText.count(loss.nodes, "node"))\(drawn)"
        }
        if result.singles.isEmpty {
            lines.append("nodes      \(result.nodesLost) of \(result.nodes) taken for lost")
        } else {
            let tried = result.singles.count + result.singlesLeftOut
            lines.append("tried      \(tried) single losses, each alone, of \(ObjectText.count(result.nodes, "node"))")
        }
        return lines + result.notes.map { "note       \($0)" }
    }

    private static func table(_ result: DrillResult) -> [String] {
        var rows = [["verdict", "what", "kind", "copies", "pieces", "needed", ""]]
        for item in result.items.prefix(rowsMax) {
            rows.append([
                item.verdict.rawValue, name(item.name), item.kind.rawValue,
                item.copiesNow > 0 ? "\(item.copiesLeft) of \(item.copiesNow)" : "-", pieces(item),
                item.piecesNeeded.map { "\($0)" } ?? "-", remark(item),
            ])
        }
        let hidden = result.items.count - min(result.items.count, rowsMax) + result.itemsLeftOut
        let rest = "and \(hidden) more, none graver; --json has up to \(DrillResult.itemsMax)"
        return aligned(rows) + (hidden > 0 ? [rest] : [])
    }

    private static func pieces(_ item: DrillItem) -> String {
        guard let left = item.piecesLeft else { return "-" }
        return "\(left) of " + (item.piecesNow.map { "\($0)" } ?? "?")
    }

    private static func remark(_ item: DrillItem) -> String {
        var remarks: [String] = []
        if item.onlyHere { remarks.append("only this machine still has it") }
        if !item.lostWith.isEmpty {
            let shares = item.lostWith.map { "\(short($0.operator)) (\($0.parts))" }
            remarks.append("with operator " + shares.joined(separator: ", "))
        } else if item.verdict == .lost {
            remarks.append(item.reason.map(ObjectNames.printable) ?? "nobody who is left knows who holds it")
        }
        if !item.wasRead { remarks.append("computed") }
        return remarks.joined(separator: "; ")
    }

    private static func singles(_ result: DrillResult) -> [String] {
        var rows = [["without", "", "nodes", "lost", "degraded", "spare", "read", "most endangered"]]
        for single in result.singles.prefix(rowsMax) {
            rows.append([
                single.kind, short(single.name), "\(single.nodes)", "\(single.tally.lost)", "\(single.tally.degraded)",
                "\(single.spare)", "\(single.read)", single.weakest.map(name) ?? "-",
            ])
        }
        let hidden = result.singles.count - min(result.singles.count, rowsMax) + result.singlesLeftOut
        return aligned(rows) + (hidden > 0 ? ["and \(hidden) more, none worse"] : [])
    }

    private static func foot(_ result: DrillResult) -> [String] {
        var lines: [String] = []
        let tally = result.tally
        let counts = "\(tally.reachable) reachable, \(tally.degraded) degraded, \(tally.lost) lost"
        lines.append((result.singles.isEmpty ? "left       " : "now        ") + counts)
        if let worst = result.singles.first {
            lines.append(
                "worst      \(worst.kind) \(short(worst.name)): \(worst.tally.lost) lost, \(worst.tally.degraded) degraded"
            )
        }
        lines += result.smallest.map(smallest)
        return lines + reads(result)
    }

    private static func smallest(_ smallest: DrillSmallest) -> String {
        let kind = smallest.kind == "hosting" ? "hosting provider" : smallest.kind
        guard let domains = smallest.domains else { return "smallest   no loss of \(kind)s alone loses anything" }
        let item = smallest.item.map { "\"\(name($0))\"" } ?? "something"
        guard !domains.isEmpty else { return "smallest   \(item) is lost already" }
        let bound = smallest.exact ? "" : "at most "
        return "smallest   \(bound)\(ObjectText.count(domains.count, kind)) would lose \(item): "
            + domains.map(short).joined(separator: ", ")
    }

    private static func reads(_ result: DrillResult) -> [String] {
        let reads = result.reads
        let rest = reads.items < reads.of ? "the rest is computed from who holds what" : "nothing was only computed"
        var lines = [
            "read       \(reads.items) of \(items(reads.of)) tried, \(ByteCountText.format(reads.bytes)) came, each byte verified; "
                + rest
        ]
        if let sampled = reads.sampled, let total = reads.sampledOf {
            var line = "sample     \(sampled) of \(total) objects, drawn with seed \(reads.seed)"
            if let most = reads.lostAtMost {
                line += "; none is lost: with 95 % confidence at most \(most) of all are (\(percent(most, of: total)))"
            }
            lines.append(line)
        }
        return lines
    }

    // MARK: - Words

    private static func items(_ count: Int) -> String { ObjectText.count(count, "item") }

    /// Rounded up, so that it is never too little.
    private static func percent(_ part: Int, of whole: Int) -> String {
        let hundredths = (part * 10_000 + max(whole, 1) - 1) / max(whole, 1)
        return ByteCountText.decimal(Double(hundredths) / 100, 2) + " %"
    }

    /// A key by its end, as tables show it.
    private static func short(_ name: String) -> String {
        name.hasPrefix("k51") && name.utf8.count > 40 ? String(name.suffix(8)) : ObjectNames.printable(name)
    }

    private static func name(_ name: String) -> String {
        let text = ObjectNames.printable(name)
        return text.count > nameMax ? "…" + text.suffix(nameMax - 1) : text
    }

    private static func aligned(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
