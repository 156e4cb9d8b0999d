import GRDB

extension DatabasePool {
    /// Runs `body` as one transaction that is written at once, and hands its outcome to `committed` before anybody else
    /// may write.
    ///
    /// - Parameter durable: whether the commit survives a power loss before this returns.
    package func committing<Outcome>(
        durable: Bool,
        _ body: (Database) throws -> Outcome,
        committed: (Outcome) -> Void
    ) throws -> Outcome {
        try writeWithoutTransaction { database in
            try database.execute(sql: durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
            var outcome: Outcome?
            try database.inTransaction(.immediate) {
                outcome = try body(database)
                return .commit
            }
            guard let outcome else { preconditionFailure("a transaction has an outcome") }
            committed(outcome)
            return outcome
        }
    }
}
