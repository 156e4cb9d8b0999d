import Core
import SQLite

extension BlockStore {
    /// Keeps the DAG under `pin.root`, all or nothing; pinning twice for one owner is pinning once.
    ///
    /// - Returns: Whether the pin is new.
    /// - Throws: ``BlockStoreError`` `.incomplete` with the first block that is not here.
    @discardableResult
    public func pin(_ pin: Pin) throws -> Bool {
        try write { transaction in
            var walk = ReferenceWalk(transaction)
            let isNew = try insert(pin, transaction, &walk)
            try walk.apply()
            try makeDurable(walk.ends, transaction)
            return isNew
        }
    }

    @discardableResult
    func insert(_ pin: Pin, _ transaction: IndexTransaction, _ walk: inout ReferenceWalk) throws -> Bool {
        guard pin.owner.utf8.count <= Pin.ownerBytesMax else {
            throw BlockStoreError(
                .tooLarge,
                "a pin's owner of \(pin.owner.utf8.count) bytes, at most \(Pin.ownerBytesMax)"
            )
        }
        guard let key = BlockKey(pin.root) else { return false }
        let statement = try RawStatement(
            transaction.database,
            "INSERT OR IGNORE INTO pin (digest, codec, owner) VALUES (?, ?, ?)"
        )
        statement.bind(1, key)
        statement.bind(3, pin.owner)
        try statement.run()
        guard transaction.database.changesCount > 0 else { return false }
        try walk.add(pin.root)
        return true
    }

    /// Ends a pin; what nothing else needs is deleted by later ``collectOnce(blocksMax:at:)`` calls.
    ///
    /// - Returns: Whether there was such a pin.
    @discardableResult
    public func unpin(_ pin: Pin) throws -> Bool {
        guard let key = BlockKey(pin.root) else { return false }
        return try write { transaction in
            let statement = try RawStatement(
                transaction.database,
                "DELETE FROM pin WHERE digest = ? AND codec = ? AND owner = ?"
            )
            statement.bind(1, key)
            statement.bind(3, pin.owner)
            try statement.run()
            guard transaction.database.changesCount > 0 else { return false }
            var walk = ReferenceWalk(transaction)
            try walk.remove(key)
            try walk.apply()
            return true
        }
    }

    /// All pins, ordered by root and owner; roots as CIDv1.
    public func pins() throws -> [Pin] {
        try read { database in
            try RawStatement(database, "SELECT digest, codec, owner FROM pin ORDER BY digest, codec, owner")
                .all { Pin(root: try $0.key(0).cid, owner: $0.text(2)) }
        }
    }

    /// The pins of one owner, ordered by root.
    public func pins(ofOwner owner: String) throws -> [Pin] {
        try pins().filter { $0.owner == owner }
    }

    /// Whether a pin, its own or that of a DAG it is a part of, keeps the block.
    public func isPinned(_ cid: CID) throws -> Bool {
        guard let key = BlockKey(cid) else { return true }
        return try read { try Self.row(key, $0).map { $0.refs > 0 && $0.isPresent } ?? false }
    }
}
