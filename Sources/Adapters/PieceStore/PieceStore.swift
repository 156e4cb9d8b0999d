import Core
import Files
import GRDB
import SQLite
import Synchronization

/// The pieces of private objects that this node keeps for others.
///
///     folder/index.sqlite         what lies where, leases, statements, tombstones, accounts (IndexSchema)
///     folder/volumes/NNNNNN.pcs   frames: a header with the description and the unit hashes, then the payload
///
/// A piece's range is reserved when its writing begins, so that several are written at the same time. It is acknowledged
/// after its frame is on stable storage and one transaction of the index named it; what was reserved and never committed
/// is cut off or freed at the next open. A lost or damaged index is built anew from the volumes, with leases and
/// tombstones but without nodes' statements and owners' renewals, which other holders have. All calls block and may come from any thread; none reads a clock.
public final class PieceStore: Sendable {
    let configuration: PieceStoreConfiguration
    let index: DatabasePool
    let volumes: VolumeSet
    let group: CommitGroup
    let reservations = Mutex(PieceReservations())
    let account: Mutex<PieceAccounting>
    let counterState = Mutex(PieceStoreCounters())
    /// Whoever frees space or rewrites headers; holds whether the file system can punch holes.
    let upkeep = Mutex(true)
    /// What the open found.
    public let opening: PieceStoreOpening
    private let lock: FolderLock

    var fileSystem: any FileSystem { configuration.fileSystem }

    public var counters: PieceStoreCounters {
        var counters = counterState.withLock { $0 }
        counters.synchronizations = group.synchronizationCount
        return counters
    }

    /// What is stored, as the index has it.
    public var accounting: PieceAccounting { account.withLock { $0 } }

    /// Opens the store and frees what unfinished writers left; takes time by the number of volumes, not of pieces,
    /// unless the index has to be rebuilt.
    ///
    /// - Throws: ``PieceStoreError`` `.inUse`, `.newerFormat`, `.diskFull` or `.ioFailed`.
    public init(_ configuration: PieceStoreConfiguration) throws {
        self.configuration = configuration
        let parts = try Self.mapErrors { () throws -> StoreParts in
            let folder = configuration.folder
            try configuration.fileSystem.makeFolder(folder)
            try configuration.fileSystem.makeFolder(folder + "/volumes")
            guard let lock = try FolderLock(folder) else {
                throw PieceStoreError(
                    .inUse,
                    "another process uses the pieces in \(folder); stop it or choose another folder"
                )
            }
            let opened = try PieceIndexFile(configuration: configuration).open()
            let recovered = try Recovery(configuration: configuration).run(opened.index)
            return StoreParts(lock: lock, index: opened.index, opening: opened.opening, recovered: recovered)
        }
        lock = parts.lock
        index = parts.index
        opening = parts.opening
        account = Mutex(parts.recovered.accounting)
        volumes = VolumeSet(
            folder: configuration.folder + "/volumes",
            fileSystem: configuration.fileSystem,
            volumeBytesMax: configuration.volumeBytesMax,
            nextID: parts.recovered.nextID,
            last: parts.recovered.last
        )
        group = CommitGroup(volumes: volumes)
    }

    deinit {
        // All in one file, and nothing to be replayed by the next open.
        try? index.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try? index.close()
    }

    private struct StoreParts {
        let lock: FolderLock
        let index: DatabasePool
        let opening: PieceStoreOpening
        let recovered: Recovery.Result
    }

    // MARK: - Access

    /// Runs `body` as one transaction; when it returns, the outcome is committed and the accounts know.
    ///
    /// - Parameter durable: whether the commit survives a power loss before this returns.
    func write<Value>(durable: Bool = true, _ body: (IndexTransaction) throws -> Value) throws -> Value {
        try mapErrors {
            try index.committing(durable: durable) { database in
                let transaction = try IndexTransaction(database)
                let value = try body(transaction)
                try transaction.finish()
                return (value, transaction.accounting)
            } committed: { _, accounting in
                account.withLock { $0 = accounting }
            }.0
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try mapErrors { try index.unsafeRead(body) }
    }

    /// As the static one; a damaged index is marked, so that the next open rebuilds it.
    func mapErrors<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try Self.mapErrors(body)
        } catch let error as PieceStoreError {
            if error.code == .damagedIndex { requestRebuild() }
            throw error
        }
    }

    /// Lets the next open build the index anew, for when ``recount()`` finds it to differ from the volumes.
    public func requestRebuild() {
        PieceIndexFile(configuration: configuration).mark()
    }

    /// One error type for whatever the system or the index reports.
    static func mapErrors<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            guard let failure = StoreFailure(error) else { throw error }
            throw PieceStoreError(failure)
        }
    }
}

/// What is promised to running writers.
struct PieceReservations {
    var keys: Set<PieceKey> = []
    var bytes: Int64 = 0
    var byOwner: [[UInt8]: Int64] = [:]

    mutating func add(_ piece: PieceDescription, bytes: Int64) {
        keys.insert(piece.key)
        self.bytes += bytes
        byOwner[piece.owner, default: 0] += bytes
    }

    mutating func remove(_ piece: PieceDescription, bytes: Int64) {
        keys.remove(piece.key)
        self.bytes -= bytes
        let rest = byOwner[piece.owner, default: 0] - bytes
        byOwner[piece.owner] = rest > 0 ? rest : nil
    }
}
