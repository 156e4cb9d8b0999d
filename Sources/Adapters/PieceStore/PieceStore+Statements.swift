import Core
import GRDB
import SQLite

extension StoredStatement {
    /// - Throws: ``PieceStoreError`` `.limit` or `.invalid`.
    func check() throws(PieceStoreError) {
        guard (0...PieceDescription.indexMax).contains(piece.index), version <= UInt64(Int64.max) else {
            throw PieceStoreError(.invalid, "a statement about \(piece) with version \(version) cannot be stored")
        }
        guard node.count <= Self.nodeBytesMax, bytes.count <= Self.bytesMax else {
            throw PieceStoreError(.limit, "a statement has at most \(Self.bytesMax) bytes")
        }
    }

    fileprivate init(_ row: RawRow, _ segment: Digest) {
        self.init(
            piece: PieceKey(segment: segment, index: row.int(0)),
            node: row.bytes(1),
            version: UInt64(clamping: row.integer(2)),
            until: row.instant(3),
            bytes: row.bytes(4)
        )
    }
}

extension PieceStore {
    /// Most statements about one segment; beyond, the one that ends first gives way.
    public static let statementsPerSegmentMax = 512
    /// Most segments that one look-up returns.
    public static let segmentsMax = 4096

    /// Keeps of each node and piece the statement with the highest version, for segments that are held here.
    ///
    /// - Returns: How many were new and kept.
    /// - Throws: ``PieceStoreError`` `.limit`, `.invalid`, `.diskFull` or `.ioFailed`; then none is kept.
    @discardableResult
    public func putStatements(_ statements: [StoredStatement]) throws -> Int {
        guard !statements.isEmpty else { return 0 }
        for statement in statements { try statement.check() }
        let kept = try write { transaction in
            try statements.reduce(0) { try $0 + (transaction.put($1) ? 1 : 0) }
        }
        counterState.withLock { $0.statementsDropped += statements.count - kept }
        return kept
    }

    /// What is known of who holds the segment's pieces, by piece and node.
    public func statements(of segment: Digest) throws -> [StoredStatement] {
        try read { database in
            try RawStatement(
                database,
                """
                SELECT number, node, version, until, bytes FROM statement
                WHERE segment = (SELECT id FROM segment WHERE digest = ?) ORDER BY number, node
                """,
                segment
            ).all { StoredStatement($0, segment) }
        }
    }

    /// The segments of which `node` stated to hold a piece, by digest, at most ``segmentsMax``.
    ///
    /// - Parameter after: begins behind this one.
    public func segments(heldBy node: [UInt8], after: Digest? = nil, limit: Int = segmentsMax) throws -> [Digest] {
        try read { database in
            try RawStatement(
                database,
                """
                SELECT DISTINCT segment.digest FROM statement JOIN segment ON segment.id = statement.segment
                WHERE statement.node = ? AND segment.digest > ? ORDER BY segment.digest LIMIT ?
                """,
                node,
                after?.bytes ?? [],
                min(limit, Self.segmentsMax)
            ).all { try $0.digest(0) }
        }
    }
}

extension IndexTransaction {
    /// - Returns: Whether the statement is new and its segment is held.
    func put(_ statement: StoredStatement) throws -> Bool {
        guard let segment = try Self.segment(statement.piece.segment, database)?.id else { return false }
        let version = try RawStatement(
            database,
            "SELECT version FROM statement WHERE segment = ? AND number = ? AND node = ?",
            segment,
            statement.piece.index,
            statement.node
        ).first { UInt64(clamping: $0.integer(0)) }
        if let version, version >= statement.version { return false }
        guard try version != nil || makeRoom(in: segment, for: statement) else { return false }
        try RawStatement(
            database,
            """
            INSERT OR REPLACE INTO statement (segment, number, node, version, until, bytes) VALUES (?, ?, ?, ?, ?, ?)
            """,
            segment,
            statement.piece.index,
            statement.node,
            Int64(clamping: statement.version),
            statement.until,
            statement.bytes
        ).run()
        return true
    }

    private func makeRoom(in segment: Int64, for statement: StoredStatement) throws -> Bool {
        let count =
            try RawStatement(database, "SELECT count(*) FROM statement WHERE segment = ?", segment)
            .first { $0.int(0) } ?? 0
        guard count >= PieceStore.statementsPerSegmentMax else { return true }
        let first = try RawStatement(
            database,
            "SELECT number, node, until FROM statement WHERE segment = ? ORDER BY until, number, node LIMIT 1",
            segment
        ).first { (number: $0.int(0), node: $0.bytes(1), until: $0.instant(2)) }
        guard let first, first.until < statement.until else { return false }
        try RawStatement(
            database,
            "DELETE FROM statement WHERE segment = ? AND number = ? AND node = ?",
            segment,
            first.number,
            first.node
        ).run()
        return true
    }
}
