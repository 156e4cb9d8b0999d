import Core
import GRDB
import SQLite
import Synchronization

/// What a session hands over to be committed.
struct ImportBatch {
    struct Span {
        let volume: Int64
        let start: Int
        let end: Int
        let gaps: [Range<Int>]
        let isNew: Bool
        let isSealed: Bool

        init(_ span: VolumeWriter.Span, isSealed: Bool) {
            volume = span.slot.id
            start = span.slot.length
            end = span.end
            gaps = span.gaps
            isNew = span.slot.isNew
            self.isSealed = isSealed
        }
    }

    var leaves: [BlockKey: BlockRow]
    /// Positions in `nodeBytes`.
    var nodes: [BlockKey: Int]
    let nodeBytes: [[UInt8]]
    let used: Int64
    let isDurable: Bool
    let spans: [Span]
    let importsAtStart: UInt64

    /// The row of a block before anything refers to it, and a node's bytes.
    func brought(_ key: BlockKey) -> (row: BlockRow, bytes: [UInt8])? {
        if let row = leaves[key] { return (row, []) }
        guard let position = nodes[key] else { return nil }
        let bytes = nodeBytes[position]
        return (BlockRow(volume: BlockRow.inline, offset: 0, length: bytes.count, refs: 0, used: used), bytes)
    }
}

extension BlockStore {
    /// Begins an import.
    ///
    /// - Parameters:
    ///   - expectedBytes: what is going to be taken in, so that what cannot fit is refused at once; 0 when not known.
    ///   - now: the age of cached blocks that have to make room.
    /// - Throws: ``BlockStoreError`` `.full`.
    public func beginImport(_ purpose: ImportPurpose, expectedBytes: Int = 0, at now: Instant) throws -> ImportSession {
        try reserve(Int64(expectedBytes), cache: purpose == .cache, now: now)
        return ImportSession(store: self, purpose: purpose, reserved: Int64(expectedBytes))
    }

    /// Sets space apart, evicting cached blocks where that helps.
    func reserve(_ bytes: Int64, cache: Bool, now: Instant?) throws {
        var missing = budget.reserve(bytes, cache: cache)
        while missing > 0 {
            let freed = try evict(atLeast: missing, now: now ?? Instant(milliseconds: .max)).bytes
            guard freed > 0 else { throw BlockStoreError(.full, budget.sentence(bytes, cache: cache)) }
            missing = budget.reserve(bytes, cache: cache)
        }
    }

    func giveBack(_ bytes: Int64, cache: Bool) {
        budget.giveBack(bytes, cache: cache)
    }

    // MARK: - Reliance

    enum Presence {
        case absent
        case present
        /// It holds all that it links to.
        case whole
    }

    /// Which blocks are here; those stay until ``endReliance(on:)``.
    func rely(on keys: [BlockKey]) throws -> [Presence] {
        // Under the lock that deletions take, so that a block is either gone before or stays.
        try relied.withLock { relied in
            try readTogether { database in
                try keys.map { key in
                    guard let row = try Self.row(key, database), row.isPresent else { return .absent }
                    relied[key, default: 0] += 1
                    return row.refs > 0 || row.used == 0 || key.isRaw ? .whole : .present
                }
            }
        }
    }

    /// Whether blocks were withdrawn whose bytes did not come back yet: something that counts as whole may lack one.
    func lacksWithdrawn() throws -> Bool { try read(Self.lacksWithdrawn) }

    private static func lacksWithdrawn(_ database: Database) throws -> Bool {
        try RawStatement(database, "SELECT 1 FROM block WHERE volume = -1 LIMIT 1").first { _ in true } ?? false
    }

    func endReliance(on keys: [BlockKey]) {
        guard !keys.isEmpty else { return }
        relied.withLock { relied in
            for key in keys {
                guard let count = relied[key] else { continue }
                relied[key] = count > 1 ? count - 1 : nil
            }
        }
    }

    // MARK: - Commit

    func commit(_ batch: ImportBatch, pins: [Pin], memory: ImportMemory.Update?) throws {
        try write(durable: batch.isDurable) { transaction in
            // Counted in the transaction, so that the next one sees it, and again when it is committed and the next one has
            // not begun, for imports that started meanwhile and did not see its blocks.
            transaction.onCommitted = { [self] in imports.wrappingAdd(1, ordering: .acquiringAndReleasing) }
            let isAlone = imports.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue == batch.importsAtStart
            var batch = batch
            for span in batch.spans { try record(span, isSynced: batch.isDurable, transaction) }
            try settleKnown(&batch, isAlone: isAlone, transaction)
            var walk = ReferenceWalk(transaction, brought: batch.brought)
            for pin in pins { try insert(pin, transaction, &walk) }
            try walk.apply()
            try insertRows(batch, walk, transaction)
            let own = Set(batch.spans.map(\.volume))
            try makeDurable(walk.ends.filter { !own.contains($0.key) }, transaction)
            try memory?.memory.save(transaction.database, replacing: memory?.replaced)
        }
    }

    private func record(_ span: ImportBatch.Span, isSynced: Bool, _ transaction: IndexTransaction) throws {
        let sql =
            span.isNew
            ? "INSERT INTO volume (length, synced, sealed, live, id) VALUES (?, ?, ?, 0, ?)"
            : "UPDATE volume SET length = ?, synced = max(synced, ?), sealed = ? WHERE id = ?"
        let statement = try RawStatement(transaction.database, sql)
        statement.bind(1, Int64(span.end))
        statement.bind(2, isSynced ? Int64(span.end) : 0)
        statement.bind(3, span.isSealed ? 1 : 0)
        statement.bind(4, span.volume)
        try statement.run()
        for gap in span.gaps { try transaction.addGap(span.volume, gap) }
    }

    /// Deals with blocks that came into the index since the session looked, and with withdrawn ones, which get their
    /// bytes back.
    private func settleKnown(
        _ batch: inout ImportBatch,
        isAlone: Bool,
        _ transaction: IndexTransaction
    ) throws {
        guard try !isAlone || Self.lacksWithdrawn(transaction.database) else { return }
        for (key, row) in batch.leaves.sorted(by: { $0.key.prefix < $1.key.prefix }) {
            guard let known = try transaction.row(key) else { continue }
            batch.leaves[key] = nil
            if known.isPresent {
                transaction.addDead(row.volume, row.range)
            } else {
                var restored = known
                restored.volume = row.volume
                restored.offset = row.offset
                try transaction.update(key, from: known, to: restored)
            }
        }
        for (key, position) in batch.nodes.sorted(by: { $0.value < $1.value }) {
            guard let known = try transaction.row(key) else { continue }
            batch.nodes[key] = nil
            guard !known.isPresent else { continue }
            var restored = known
            restored.volume = BlockRow.inline
            restored.offset = try transaction.insertNode(batch.nodeBytes[position])
            try transaction.update(key, from: known, to: restored)
        }
    }

    private func insertRows(_ batch: ImportBatch, _ walk: ReferenceWalk, _ transaction: IndexTransaction) throws {
        // In the order of the index, so that large imports do not jump about in it.
        for (key, row) in batch.leaves.sorted(by: { $0.key.prefix < $1.key.prefix }) {
            try transaction.insert(key, walk.row(ofBrought: key) ?? row)
        }
        for (key, position) in batch.nodes.sorted(by: { $0.key.prefix < $1.key.prefix }) {
            guard var row = walk.row(ofBrought: key) ?? batch.brought(key)?.row else { continue }
            row.offset = try transaction.insertNode(batch.nodeBytes[position])
            try transaction.insert(key, row)
        }
    }

    /// Brings cached bytes that become pinned to stable storage.
    func makeDurable(_ ends: [Int64: Int], _ transaction: IndexTransaction) throws {
        let select = try RawStatement(transaction.database, "SELECT synced, length FROM volume WHERE id = ?")
        for (id, end) in ends.sorted(by: { $0.key < $1.key }) {
            select.bind(1, id)
            guard let (synced, length) = try select.first({ ($0.integer(0), $0.integer(1)) }), synced < Int64(end)
            else { continue }
            try volumes.synchronize([id])
            let update = try RawStatement(transaction.database, "UPDATE volume SET synced = ? WHERE id = ?")
            update.bind(1, length)
            update.bind(2, id)
            try update.run()
        }
    }
}
