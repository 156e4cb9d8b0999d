import Core
import Files
import SQLite

/// Giving disk space back to the file system.
extension BlockStore {
    /// Most dead ranges that one call gives back.
    static let punchesMax = 1024
    /// Most volumes that one call removes.
    static let removedVolumesMax = 64

    func removeEmptyVolumes(_ summary: inout CollectionSummary) throws {
        let empty = try read { database in
            let statement = try RawStatement(database, "SELECT id FROM volume WHERE live = 0 LIMIT ?")
            statement.bind(1, Int64(Self.removedVolumesMax))
            return try statement.all { $0.integer(0) }
        }
        for id in empty where volumes.retire(id) {
            let isGone = try write { transaction in try removeRows(ofVolume: id, transaction) }
            guard isGone else { continue }
            volumes.forget(id)
            // A file that stays has no row and is removed at the next open.
            try? fileSystem.remove(volumes.path(of: id))
        }
        summary.hasMore = summary.hasMore || empty.count == Self.removedVolumesMax
    }

    private func removeRows(ofVolume id: Int64, _ transaction: IndexTransaction) throws -> Bool {
        let volume = try RawStatement(transaction.database, "DELETE FROM volume WHERE id = ? AND live = 0")
        volume.bind(1, id)
        try volume.run()
        guard transaction.database.changesCount > 0 else { return false }
        let unpunched = try RawStatement(
            transaction.database,
            "SELECT coalesce(sum(unpunched), 0) FROM dead WHERE volume = ?"
        )
        unpunched.bind(1, id)
        transaction.subtractDead(try unpunched.first { $0.integer(0) } ?? 0)
        let dead = try RawStatement(transaction.database, "DELETE FROM dead WHERE volume = ?")
        dead.bind(1, id)
        try dead.run()
        return true
    }

    private typealias DeadRange = (volume: Int64, range: Range<Int>, unpunched: Int64)

    /// Gives dead ranges back to the file system.
    ///
    /// - Returns: Whether the file system can do that.
    func punch(_ summary: inout CollectionSummary) throws -> Bool {
        let dead: [DeadRange] = try read { database in
            let statement = try RawStatement(
                database,
                "SELECT volume, offset, length, unpunched FROM dead WHERE unpunched > 0 LIMIT ?"
            )
            statement.bind(1, Int64(Self.punchesMax))
            return try statement.all { row in
                let start = Int(row.integer(1))
                return (row.integer(0), start..<start + Int(row.integer(2)), row.integer(3))
            }
        }
        var done: [DeadRange] = []
        var postponed = 0
        var canPunch = true
        for item in dead where canPunch {
            switch try? volumes.punchHole(in: item.volume, item.range) {
            case .done: done.append(item)
            case .unsupported:
                canPunch = false
                budget.countDead()
            case .leased, nil: postponed += 1
            }
        }
        if postponed > 0 { counterState.withLock { $0.punchesPostponed += postponed } }
        guard !done.isEmpty else { return canPunch }
        // Not durable: a range that is given back twice is as good as once.
        try write(durable: false) { transaction in
            for item in done { try settle(item, transaction) }
        }
        summary.hasMore = summary.hasMore || dead.count == Self.punchesMax
        return canPunch
    }

    private func settle(_ item: DeadRange, _ transaction: IndexTransaction) throws {
        let statement = try RawStatement(
            transaction.database,
            "UPDATE dead SET unpunched = 0 WHERE volume = ? AND offset = ? AND length = ? AND unpunched = ?"
        )
        statement.bind(1, item.volume)
        statement.bind(2, Int64(item.range.lowerBound))
        statement.bind(3, Int64(item.range.count))
        statement.bind(4, item.unpunched)
        try statement.run()
        if transaction.database.changesCount > 0 { transaction.subtractDead(item.unpunched) }
    }
}
