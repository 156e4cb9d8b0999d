import Core
import GRDB
import SQLite

/// The table of digests whose bytes this node does not process again.
enum Quarantine {
    /// Adds `digests`, forgets the oldest above the limit, and reads what there is.
    static func add(_ digests: [Digest], in database: Database) throws -> Set<Digest> {
        if !digests.isEmpty {
            try database.durably {
                // A digest that comes again counts as new.
                let insertion = try RawStatement(database, "INSERT OR REPLACE INTO quarantine (digest) VALUES (?1)")
                for digest in digests {
                    insertion.bind(1, digest.bytes)
                    try insertion.run()
                }
                try RawStatement(
                    database,
                    """
                    DELETE FROM quarantine WHERE id NOT IN
                    (SELECT id FROM quarantine ORDER BY id DESC LIMIT \(RecordStore.quarantineMax))
                    """
                ).run()
            }
        }
        return Set(try RawStatement(database, "SELECT digest FROM quarantine").all { try Digest($0.bytes(0)) })
    }
}
