import Core
import GRDB
import SQLite

/// One write transaction over the index: every change of a block goes through here, and with it the accounts of the
/// store and of the volumes, so that they cannot differ from the data.
final class IndexTransaction {
    let database: Database
    /// The accounts as this transaction leaves them.
    private(set) var accounting: Accounting
    /// Blocks that are elsewhere or nowhere after this transaction.
    private(set) var moved: [BlockKey] = []
    /// Ranges of volumes that lost their block.
    private(set) var dead: [Int64: [Range<Int>]] = [:]
    /// Called once, after the commit and before any other transaction begins.
    var onCommitted: () -> Void = {}
    private var live: [Int64: Int64] = [:]

    private let select: RawStatement
    private let insert: RawStatement
    private let update: RawStatement
    private let delete: RawStatement

    init(_ database: Database) throws {
        self.database = database
        accounting = try Self.accounting(database)
        select = try RawStatement(
            database,
            "SELECT volume, offset, length, refs, used FROM block WHERE digest = ? AND codec = ?"
        )
        insert = try RawStatement(
            database,
            "INSERT INTO block (digest, codec, volume, offset, length, refs, used) VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        update = try RawStatement(
            database,
            "UPDATE block SET volume = ?, offset = ?, refs = ?, used = ? WHERE digest = ? AND codec = ?"
        )
        delete = try RawStatement(database, "DELETE FROM block WHERE digest = ? AND codec = ?")
    }

    static func accounting(_ database: Database) throws -> Accounting {
        let statement = try RawStatement(
            database,
            "SELECT pinned, cached, staged, releasing, dead FROM account WHERE id = 1"
        )
        return try statement.first { row in
            var account = Accounting()
            account.pinned = row.integer(0)
            account.cached = row.integer(1)
            account.staged = row.integer(2)
            account.releasing = row.integer(3)
            account.dead = row.integer(4)
            return account
        } ?? Accounting()
    }

    // MARK: - Blocks

    func row(_ key: BlockKey) throws -> BlockRow? {
        select.bind(1, key)
        return try select.first { BlockRow($0) }
    }

    func insert(_ key: BlockKey, _ row: BlockRow) throws {
        insert.bind(1, key)
        insert.bind(3, row.volume)
        insert.bind(4, row.offset)
        insert.bind(5, Int64(row.length))
        insert.bind(6, row.refs)
        insert.bind(7, row.used)
        try insert.run()
        accounting.count(row, sign: 1)
        if row.isInVolume { live[row.volume, default: 0] += Int64(row.length) }
    }

    /// Changes where the block lies or what it counts as; the old place, if it is given up, becomes dead.
    func update(_ key: BlockKey, from old: BlockRow, to new: BlockRow) throws {
        update.bind(1, new.volume)
        update.bind(2, new.offset)
        update.bind(3, new.refs)
        update.bind(4, new.used)
        update.bind(5, key)
        try update.run()
        accounting.count(old, sign: -1)
        accounting.count(new, sign: 1)
        guard (old.volume, old.offset) != (new.volume, new.offset) else { return }
        moved.append(key)
        try giveUp(old)
        if new.isInVolume { live[new.volume, default: 0] += Int64(new.length) }
    }

    func delete(_ key: BlockKey, _ row: BlockRow) throws {
        delete.bind(1, key)
        try delete.run()
        accounting.count(row, sign: -1)
        moved.append(key)
        try giveUp(row)
    }

    private func giveUp(_ row: BlockRow) throws {
        if row.isInVolume {
            live[row.volume, default: 0] -= Int64(row.length)
            addDead(row.volume, row.range)
        } else if row.volume == BlockRow.inline {
            let statement = try RawStatement(database, "DELETE FROM node WHERE id = ?")
            statement.bind(1, row.offset)
            try statement.run()
        }
    }

    // MARK: - Nodes

    /// Stores the bytes of an inline block and returns the row for ``BlockRow/offset``.
    func insertNode(_ bytes: [UInt8]) throws -> Int64 {
        let statement = try RawStatement(database, "INSERT INTO node (data) VALUES (?)")
        statement.bind(1, bytes)
        try statement.run()
        return database.lastInsertedRowID
    }

    func node(_ id: Int64) throws -> [UInt8]? {
        let statement = try RawStatement(database, "SELECT data FROM node WHERE id = ?")
        statement.bind(1, id)
        return try statement.first { $0.bytes(0) }
    }

    // MARK: - Volumes

    /// A range of a volume has no block.
    func addDead(_ volume: Int64, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        dead[volume, default: []].append(range)
        accounting.dead += Int64(range.count)
    }

    /// A range of a volume was never written; it takes no space of its own.
    func addGap(_ volume: Int64, _ range: Range<Int>) throws {
        try insertDead(volume, range, unpunched: 0)
    }

    /// Writes a dead range, joined with dead neighbours so that whole pages can be given back.
    private func writeDead(_ volume: Int64, _ range: Range<Int>) throws {
        var joined = range
        var unpunched = Int64(range.count)
        let before = try RawStatement(
            database,
            """
            SELECT offset, length, unpunched FROM dead WHERE volume = ? AND offset < ? ORDER BY offset DESC LIMIT 1
            """
        )
        before.bind(1, volume)
        before.bind(2, Int64(range.lowerBound))
        let after = try RawStatement(
            database,
            "SELECT offset, length, unpunched FROM dead WHERE volume = ? AND offset = ?"
        )
        after.bind(1, volume)
        after.bind(2, Int64(range.upperBound))
        let neighbours = [try before.first(Self.deadRange), try after.first(Self.deadRange)].compactMap { $0 }
        for (neighbour, bytes) in neighbours
        where neighbour.upperBound == range.lowerBound || neighbour.lowerBound == range.upperBound {
            joined = min(joined.lowerBound, neighbour.lowerBound)..<max(joined.upperBound, neighbour.upperBound)
            unpunched += bytes
            let remove = try RawStatement(database, "DELETE FROM dead WHERE volume = ? AND offset = ?")
            remove.bind(1, volume)
            remove.bind(2, Int64(neighbour.lowerBound))
            try remove.run()
        }
        try insertDead(volume, joined, unpunched: unpunched)
    }

    private func insertDead(_ volume: Int64, _ range: Range<Int>, unpunched: Int64) throws {
        let add = try RawStatement(
            database,
            "INSERT INTO dead (volume, offset, length, unpunched) VALUES (?, ?, ?, ?)"
        )
        add.bind(1, volume)
        add.bind(2, Int64(range.lowerBound))
        add.bind(3, Int64(range.count))
        add.bind(4, unpunched)
        try add.run()
    }

    private static func deadRange(_ row: RawRow) -> (range: Range<Int>, unpunched: Int64) {
        let start = Int(row.integer(0))
        return (start..<start + Int(row.integer(1)), row.integer(2))
    }

    /// The dead bytes of a volume no longer take disk space.
    func subtractDead(_ bytes: Int64) {
        accounting.dead -= bytes
    }

    /// Writes the accounts; the last thing that a transaction does.
    func finish() throws {
        for (volume, ranges) in dead.sorted(by: { $0.key < $1.key }) {
            var joined = IntervalSet()
            for range in ranges { joined.insert(range) }
            for range in joined.ranges { try writeDead(volume, range) }
        }
        let volume = try RawStatement(database, "UPDATE volume SET live = live + ? WHERE id = ?")
        for (id, bytes) in live.sorted(by: { $0.key < $1.key }) where bytes != 0 {
            volume.bind(1, bytes)
            volume.bind(2, id)
            try volume.run()
        }
        let account = try RawStatement(
            database,
            "UPDATE account SET pinned = ?, cached = ?, staged = ?, releasing = ?, dead = ? WHERE id = 1"
        )
        account.bind(1, accounting.pinned)
        account.bind(2, accounting.cached)
        account.bind(3, accounting.staged)
        account.bind(4, accounting.releasing)
        account.bind(5, accounting.dead)
        try account.run()
    }
}
