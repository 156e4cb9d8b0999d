import GRDB

/// The tables of `index.sqlite`.
enum IndexSchema {
    static let version = 2

    static let statements = first + renewals

    private static let first = [
        """
        CREATE TABLE segment (
            id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, owner BLOB NOT NULL,
            lease INTEGER NOT NULL, slot INTEGER NOT NULL, entombed INTEGER NOT NULL, record BLOB NOT NULL
        )
        """,
        "CREATE INDEX segment_lease ON segment(lease)",
        "CREATE INDEX segment_entombed ON segment(id) WHERE entombed <> 0",
        // `offset` is the frame's, `frame` its length, `header` its header's length; states as in PieceAccounting.
        """
        CREATE TABLE piece (
            segment INTEGER NOT NULL, number INTEGER NOT NULL, volume INTEGER NOT NULL, offset INTEGER NOT NULL,
            frame INTEGER NOT NULL, header INTEGER NOT NULL, bytes INTEGER NOT NULL, state INTEGER NOT NULL,
            root BLOB NOT NULL, hashes BLOB NOT NULL
        )
        """,
        "CREATE UNIQUE INDEX piece_key ON piece(segment, number)",
        "CREATE UNIQUE INDEX piece_place ON piece(volume, offset)",
        """
        CREATE TABLE statement (
            segment INTEGER NOT NULL, number INTEGER NOT NULL, node BLOB NOT NULL,
            version INTEGER NOT NULL, until INTEGER NOT NULL, bytes BLOB NOT NULL,
            PRIMARY KEY (segment, number, node)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX statement_node ON statement(node, segment)",
        // `held`: whether the segment was stored here when it was removed.
        """
        CREATE TABLE tombstone (
            segment BLOB NOT NULL, owner BLOB NOT NULL, until INTEGER NOT NULL, held INTEGER NOT NULL,
            volume INTEGER NOT NULL, offset INTEGER NOT NULL, frame INTEGER NOT NULL, bytes BLOB NOT NULL,
            PRIMARY KEY (segment, owner)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX tombstone_until ON tombstone(until)",
        "CREATE INDEX tombstone_place ON tombstone(volume, offset)",
        // Committed length, bytes of frames that are needed.
        """
        CREATE TABLE volume (
            id INTEGER PRIMARY KEY, length INTEGER NOT NULL, live INTEGER NOT NULL, salt BLOB NOT NULL
        )
        """,
        "CREATE INDEX volume_empty ON volume(id) WHERE live = 0",
        // Ranges of volumes without a frame that still take space; `buried`: no header is there any more.
        """
        CREATE TABLE dead (
            volume INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, buried INTEGER NOT NULL,
            PRIMARY KEY (volume, offset)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX dead_unburied ON dead(volume, offset) WHERE buried = 0",
        """
        CREATE TABLE owner (
            key BLOB PRIMARY KEY, count INTEGER NOT NULL, payload INTEGER NOT NULL, disk INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE account (
            state INTEGER PRIMARY KEY, count INTEGER NOT NULL, payload INTEGER NOT NULL, disk INTEGER NOT NULL
        )
        """,
        "INSERT INTO account VALUES (0, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (3, 0, 0, 0), (4, 0, 0, 0)",
    ]

    /// What version 2 brought: the owners' renewals, each once however many segments it keeps.
    private static let renewals = [
        """
        CREATE TABLE renewal (
            id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, until INTEGER NOT NULL, bytes BLOB NOT NULL
        )
        """,
        "CREATE TABLE renewed (segment INTEGER PRIMARY KEY, renewal INTEGER NOT NULL)",
        "CREATE INDEX renewed_by ON renewed(renewal)",
        "INSERT INTO account VALUES (5, 0, 0, 0)",
    ]

    /// Makes the tables in an empty database; the version is set when the database is complete.
    static func create(_ database: Database) throws {
        for statement in statements { try database.execute(sql: statement) }
    }

    static func finish(_ database: Database) throws {
        try database.execute(sql: "PRAGMA user_version = \(version)")
    }

    /// Adds what version 1 did not have; a rebuild would lose other nodes' statements.
    static func upgrade(_ database: Database) throws {
        for statement in renewals { try database.execute(sql: statement) }
    }

    /// - Returns: Whether the database is complete.
    /// - Throws: ``PieceStoreError`` `.newerFormat` when a newer version wrote it.
    static func isComplete(_ database: Database) throws -> Bool {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw PieceStoreError(
                .newerFormat,
                "the piece index has format \(found), this version reads up to \(version); use the newer version"
            )
        }
        return found == version
    }
}
