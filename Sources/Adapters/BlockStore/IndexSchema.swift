import GRDB

/// The tables of `index.sqlite`.
enum IndexSchema {
    static let version = 1

    static let statements = [
        // Blocks by digest; `refs`, `used` and `volume` as in BlockRow.
        """
        CREATE TABLE block (
            digest BLOB NOT NULL, codec INTEGER NOT NULL,
            volume INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
            refs INTEGER NOT NULL, used INTEGER NOT NULL,
            PRIMARY KEY (digest, codec)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX cache_age ON block(used) WHERE refs = 0 AND used <> 0",
        "CREATE INDEX withdrawn ON block(volume) WHERE volume = -1",
        // The bytes of blocks that are not raw leaves.
        "CREATE TABLE node (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        // Committed length, length known to be on stable storage, bytes of live blocks, never appended to again.
        """
        CREATE TABLE volume (
            id INTEGER PRIMARY KEY, length INTEGER NOT NULL, synced INTEGER NOT NULL,
            live INTEGER NOT NULL, sealed INTEGER NOT NULL
        )
        """,
        "CREATE INDEX volume_empty ON volume(id) WHERE live = 0",
        // Ranges of volumes without live blocks; `unpunched` bytes of each still take disk space.
        """
        CREATE TABLE dead (
            volume INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, unpunched INTEGER NOT NULL,
            PRIMARY KEY (volume, offset)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX dead_unpunched ON dead(volume, offset) WHERE unpunched > 0",
        """
        CREATE TABLE pin (
            digest BLOB NOT NULL, codec INTEGER NOT NULL, owner TEXT NOT NULL,
            PRIMARY KEY (digest, codec, owner)
        ) WITHOUT ROWID
        """,
        // Blocks that reached refs = 0 and whose children still have to be released.
        """
        CREATE TABLE release_queue (
            digest BLOB NOT NULL, codec INTEGER NOT NULL, PRIMARY KEY (digest, codec)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE account (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            pinned INTEGER NOT NULL, cached INTEGER NOT NULL, staged INTEGER NOT NULL,
            releasing INTEGER NOT NULL, dead INTEGER NOT NULL
        )
        """,
        "INSERT INTO account VALUES (1, 0, 0, 0, 0, 0)",
        // The machine's boot that last had the store open.
        "CREATE TABLE boot (id INTEGER PRIMARY KEY CHECK (id = 1), identity TEXT NOT NULL)",
        // What earlier imports of a folder saw of its files.
        "CREATE TABLE import_memory (path TEXT PRIMARY KEY, time INTEGER NOT NULL, entries BLOB NOT NULL)",
    ]

    /// What version 1 has got since; who does not know it leaves it alone.
    static let additions = [
        // What `import_memory` names as its parts.
        """
        CREATE TABLE IF NOT EXISTS import_part (
            id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, entries BLOB NOT NULL
        )
        """,
        "CREATE INDEX IF NOT EXISTS import_part_path ON import_part(path)",
    ]

    /// Makes the tables in an empty database.
    ///
    /// - Throws: ``BlockStoreError`` `.newerFormat` when a newer version wrote it.
    static func prepare(_ database: Database) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        switch found {
        case version: break
        case 0:
            for statement in statements { try database.execute(sql: statement) }
            try database.execute(sql: "PRAGMA user_version = \(version)")
        default:
            throw BlockStoreError(
                .newerFormat,
                "the block index has format \(found), this version reads up to \(version); use the newer version"
            )
        }
        for statement in additions { try database.execute(sql: statement) }
    }
}
