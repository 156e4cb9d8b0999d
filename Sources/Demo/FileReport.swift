import Settings

/// What became of the private file; the key `file` of `demo --json`.
public struct FileReport: Codable, Sendable {
    /// Where the file lay on this machine.
    public var path: String
    public var bytes: Int
    /// The node that the owner wrote through; it has the owner's keys and is not killed.
    public var throughNode: String
    /// How a segment is coded, for people: `4 of 12`.
    public var code: String
    public var secondsToStore: Double
    /// After each kill.
    public var readBacks: [FileReadBack]
    public var bytesVerified: Int
    /// Pieces on nodes that are alive, at the end.
    public var piecesLive: Int
    /// Pieces at full strength.
    public var piecesTarget: Int
    /// Pieces that the remaining mesh has room for, one of a segment on each node.
    public var piecesPossible: Int
    /// Pieces missing for full strength.
    public var debt: Int
    /// Fewest pieces that were seen alive.
    public var piecesLeast: Int
    /// From the last kill until all pieces that there is room for were there; absent when they were not in time.
    public var secondsUntilPiecesWereBack: Double?

    /// How the file was stored.
    package struct Stored: Sendable {
        package let file: PrivateFile
        package let throughNode: String
        package let code: String
        package let duration: Duration

        package init(file: PrivateFile, throughNode: String, code: String, duration: Duration) {
            self.file = file
            self.throughNode = throughNode
            self.code = code
            self.duration = duration
        }
    }

    /// - Parameters:
    ///   - pieces: as they were at the end; `nil` when the owner's node never told.
    ///   - least: the fewest that were seen alive.
    ///   - back: from the last kill until all pieces that there is room for were there.
    package init(
        stored: Stored,
        readBacks: [FileReadBack],
        pieces: PieceCount?,
        least: Int?,
        back: Duration?
    ) {
        path = stored.file.path
        bytes = stored.file.size
        throughNode = stored.throughNode
        code = stored.code
        secondsToStore = stored.duration / .seconds(1)
        self.readBacks = readBacks
        bytesVerified = readBacks.reduce(0) { $0 + $1.bytesVerified }
        piecesLive = pieces?.live ?? 0
        piecesTarget = pieces?.wanted ?? 0
        piecesPossible = pieces?.possible ?? 0
        debt = pieces?.debt ?? 0
        piecesLeast = min(least ?? piecesLive, piecesLive)
        secondsUntilPiecesWereBack = back.map { $0 / .seconds(1) }
    }

    /// Readings that failed, each with its reason.
    var failures: [String] {
        readBacks.compactMap { reading in
            reading.failure.map { "the private file after \(reading.after): \($0)" }
        }
    }

    /// What went wrong apart from ``failures``; `nil` when nothing did.
    var complaint: String? {
        if readBacks.isEmpty { return "the private file was never read back" }
        if secondsUntilPiecesWereBack == nil {
            return "only \(piecesLive) of the \(piecesPossible) pieces that there is room for came back"
        }
        return nil
    }

    /// Lines of the report for people.
    var lines: [String] {
        func seconds(_ value: Double) -> String { ByteCountText.decimal(value, 1) + " s" }
        var lines = [
            "file       \(ByteCountText.format(bytes)), stored through \(throughNode) in \(seconds(secondsToStore))"
                + (piecesTarget == 0 ? "" : ", any \(code) pieces of a segment rebuild it")
        ]
        lines += readBacks.map { reading in
            let outcome = reading.failure.map { "FAILED: \($0)" } ?? "every byte right"
            return "read back  in \(seconds(reading.seconds)) after \(reading.after): \(outcome)"
        }
        lines.append("verified   \(ByteCountText.format(bytesVerified)) of the file")
        guard piecesTarget > 0 else {
            return lines + ["pieces     none: so small a file lies within its owner's names"]
        }
        lines.append("pieces     \(piecesLive) of \(piecesTarget) alive\(repair)")
        return lines
    }

    private var repair: String {
        let owed = debt == 0 ? "" : ", debt \(debt)"
        guard let back = secondsUntilPiecesWereBack else {
            return "\(owed); not all that there is room for came back within the time allowed"
        }
        if piecesLive > piecesLeast {
            let all = debt == 0 ? "all back" : "all that there is room for"
            return "\(owed); up from \(piecesLeast), \(all) \(ByteCountText.decimal(back, 1)) s after the last kill"
        }
        return debt == 0 ? "; none was lost" : "; no room: debt \(debt) (a node takes one piece of a segment)"
    }
}
