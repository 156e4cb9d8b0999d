import Core
import Files
import GRDB
import SQLite
import Synchronization

/// The blocks of this node: raw leaves contiguously in volume files, other blocks inside an SQLite index.
///
///     folder/index.sqlite         where each block lies, references, pins, accounts (IndexSchema)
///     folder/volumes/NNNNNN.vol   raw leaves, appended and never rewritten
///
/// An import appends to a volume of its own and becomes visible by one transaction of the index after the volume is on
/// stable storage; whatever lies behind a volume's committed end was never acknowledged and is cut off at the next
/// open. All calls block and may come from any thread; no call reads a clock.
public final class BlockStore: Sendable {
    let configuration: BlockStoreConfiguration
    let index: DatabasePool
    let volumes: VolumePool
    let locations = LocationCache()
    let budget: Budget
    /// Blocks that running imports found stored and rely on: nothing deletes them meanwhile.
    let relied: Mutex<[BlockKey: Int]> = Mutex([:])
    let touches: Mutex<[BlockKey: Int64]> = Mutex([:])
    let counterState = Mutex(BlockStoreCounters())
    /// Grows with each committed import.
    let imports = Atomic<UInt64>(0)
    /// One collection at a time; holds whether the file system can punch holes.
    let collection = Mutex(true)
    private let lock: FolderLock

    var fileSystem: any FileSystem { configuration.fileSystem }
    public var counters: BlockStoreCounters { counterState.withLock { $0 } }

    /// Bytes by what they are held for, as the index has them.
    public var accounting: Accounting { budget.committed }

    /// Says how much of the lent space something else uses; blocks then have so much less.
    public func setUsedElsewhere(_ bytes: Int64) { budget.setUsedElsewhere(bytes) }

    /// Opens the store and cuts off what unfinished imports left; takes time by the number of volumes, not of blocks.
    ///
    /// - Throws: ``BlockStoreError`` `.inUse`, `.newerFormat`, `.diskFull` or `.ioFailed`.
    public init(_ configuration: BlockStoreConfiguration) throws {
        self.configuration = configuration
        let folder = configuration.folder
        let fileSystem = configuration.fileSystem
        let parts = try Self.mapErrors { () throws -> StoreParts in
            try fileSystem.makeFolder(folder)
            try fileSystem.makeFolder(folder + "/volumes")
            guard let lock = try FolderLock(folder) else {
                throw BlockStoreError(
                    .inUse,
                    "another process uses the blocks in \(folder); stop it or choose another folder"
                )
            }
            let index = try DatabasePool(path: folder + "/index.sqlite", configuration: Self.database())
            try index.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    try IndexSchema.prepare(database)
                    return .commit
                }
            }
            let recovered = try Recovery(folder: folder + "/volumes", fileSystem: fileSystem).run(index)
            return StoreParts(lock: lock, index: index, recovered: recovered)
        }
        lock = parts.lock
        index = parts.index
        volumes = VolumePool(
            folder: folder + "/volumes",
            fileSystem: fileSystem,
            nextID: parts.recovered.nextID,
            unsealed: parts.recovered.unsealed
        )
        budget = Budget(
            parts.recovered.accounting,
            storageBytesMax: configuration.storageBytesMax,
            cacheBytesMax: configuration.cacheBytesMax
        )
    }

    deinit {
        try? index.close()
    }

    private struct StoreParts {
        let lock: FolderLock
        let index: DatabasePool
        let recovered: Recovery.Result
    }

    /// Most look-ups at once; more wait.
    static let readersMax = 8

    private static func database() -> Configuration {
        var configuration = Configuration()
        configuration.maximumReaderCount = Self.readersMax
        configuration.persistentReadOnlyConnections = true
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "PRAGMA cache_size = -1024")
            try database.execute(sql: "PRAGMA journal_size_limit = 16777216")
        }
        return configuration
    }

    // MARK: - Access

    /// Runs `body` as one transaction; when it returns, the outcome is committed and what remembers locations knows.
    ///
    /// - Parameter durable: whether the commit survives a power loss before this returns.
    func write<Value>(durable: Bool = true, _ body: (IndexTransaction) throws -> Value) throws -> Value {
        try Self.mapErrors {
            try index.committing(durable: durable) { database in
                let transaction = try IndexTransaction(database)
                let value = try body(transaction)
                try transaction.finish()
                return (value, transaction)
            } committed: { _, transaction in
                transaction.onCommitted()
                locations.remove(transaction.moved)
                volumes.markDead(transaction.dead)
                budget.commit(transaction.accounting)
            }.0
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.mapErrors { try index.unsafeRead(body) }
    }

    /// Reads as one transaction: what makes many look-ups locks the index once and not for each of them.
    func readTogether<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.mapErrors { try index.read(body) }
    }

    /// One error type for whatever the system or the index reports.
    static func mapErrors<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            guard let failure = StoreFailure(error) else { throw error }
            throw BlockStoreError(failure)
        }
    }
}
