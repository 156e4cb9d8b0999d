import Core
import GRDB
import SQLite
import Synchronization

/// What this node remembers besides blocks: replicated records, a few settings, and which bytes crashed it.
///
///     folder/records.sqlite   records, settings, quarantine (RecordSchema)
///     folder/journal          digests of the peers' bytes that are being processed right now (JournalFile)
///
/// All calls block and may come from any thread; no call reads a clock. One process at a time may use a folder.
public final class RecordStore: Sendable {
    /// Longest record, in bytes.
    public static let recordBytesMax = 65_536
    /// Longest name of a setting, in bytes of UTF-8.
    public static let settingNameBytesMax = 256
    /// Longest value of a setting, in bytes.
    public static let settingValueBytesMax = 1_048_576
    /// Largest database, in bytes.
    public static let databaseBytesMax = 4 * 1_073_741_824
    /// How many digests the crash journal holds at once.
    public static let slotsMax = 64
    /// How many digests stay quarantined; the oldest are forgotten first.
    public static let quarantineMax = 4_096

    /// Whether a damaged database was put aside at opening: records, settings and quarantine began empty.
    public let recoveredFromCorruption: Bool

    let database: DatabaseQueue
    private let journal: CrashJournal
    private let refused: Mutex<Set<Digest>>

    /// Opens or makes the store in `folder`, which exists, and quarantines what the last run crashed on.
    ///
    /// A run that was killed, or that ended with the power, crashed on nothing.
    ///
    /// Reads the whole database once to check it. A damaged one is renamed to `records.sqlite.corrupt-N`.
    ///
    /// - Throws: ``RecordStoreError`` `.io` or `.full`.
    public init(folder: String) throws(RecordStoreError) {
        let (database, recovered) = try RecordDatabase(folder: folder).open()
        self.database = database
        recoveredFromCorruption = recovered
        let file = try JournalFile(path: folder + "/journal")
        let found = try file.digests()
        refused = Mutex(try Self.quarantine(found, in: database))
        // Only now: what the journal tells is on stable storage elsewhere.
        try file.clear()
        journal = CrashJournal(file)
    }

    deinit {
        try? database.close()
    }

    // MARK: - Records

    /// All records, in the order of their keys; whoever reads them verifies their signatures again.
    public func records() throws(RecordStoreError) -> [StoredRecord] {
        try Self.run("reading the records") {
            try database.read { database in
                try RawStatement(
                    database,
                    "SELECT kind, subject, version, expires, bytes FROM record ORDER BY kind, subject"
                ).all(StoredRecord.init(row:))
            }
        }
    }

    /// Deletes, then stores, in one transaction.
    ///
    /// A record replaces the stored one of its key only if that has an older or the same version. A power cut may take
    /// back the latest calls, each of them whole.
    ///
    /// - Throws: ``RecordStoreError`` `.full` for a record above ``recordBytesMax``, a subject above
    ///   `RecordKey.subjectBytesMax` or a full disk, else `.io` or `.corrupt`; then nothing was changed.
    public func apply(put: [StoredRecord], delete: [RecordKey]) throws(RecordStoreError) {
        for record in put { try record.checkLimits() }
        guard !put.isEmpty || !delete.isEmpty else { return }
        try Self.run("storing records") {
            try database.write { database in
                let deletion = try RawStatement(database, "DELETE FROM record WHERE kind = ?1 AND subject = ?2")
                for key in delete {
                    deletion.bind(key)
                    try deletion.run()
                }
                let insertion = try RawStatement(database, StoredRecord.insertion)
                for record in put {
                    insertion.bind(record)
                    try insertion.run()
                }
            }
        }
    }

    // MARK: - Crash journal

    /// From now on, when this process crashes, what the crashing thread processes is quarantined at the next opening.
    ///
    /// Handles SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE and SIGABRT, and passes each on to what handled it before. A
    /// process marks crashes in one store, the last that was asked to.
    public func markCrashes() {
        journal.markCrashes()
    }

    /// Writes into the journal what a crash of the calling thread would; for tests.
    package func markCrash() {
        journal.mark()
    }

    /// Notes that this thread is about to process the bytes with this digest; costs a write to the page cache.
    ///
    /// When ``slotsMax`` digests are being processed the slot journals nothing and counts in ``unjournalledCount``.
    ///
    /// - Returns: what ``end(_:)`` takes; `nil` when the bytes are quarantined and must not be processed.
    public func begin(_ digest: Digest) -> JournalSlot? {
        guard !refused.withLock({ $0.contains(digest) }) else { return nil }
        return journal.begin(digest)
    }

    /// Notes that processing is over, well or with an error; a second call for a slot has no effect.
    public func end(_ slot: JournalSlot) {
        journal.end(slot)
    }

    /// What crashed this node, or a process in its stead; at most ``quarantineMax`` digests.
    public var quarantined: Set<Digest> { refused.withLock { $0 } }

    /// Refuses bytes with these digests from now on, and after a restart; the oldest give way.
    ///
    /// - Throws: ``RecordStoreError`` when they could not be saved; then nothing was changed.
    public func quarantine(_ digests: [Digest]) throws(RecordStoreError) {
        try refused.withLock { (refused) throws(RecordStoreError) in
            refused = try Self.quarantine(digests, in: database)
        }
    }

    private static func quarantine(
        _ digests: [Digest],
        in database: DatabaseQueue
    ) throws(RecordStoreError) -> Set<Digest> {
        try run("writing the quarantine") {
            try database.writeWithoutTransaction { try Quarantine.add(digests, in: $0) }
        }
    }

    /// How many digests are quarantined.
    public var quarantinedCount: Int { quarantined.count }

    /// How often ``begin(_:)`` could not journal a digest since the store was opened.
    public var unjournalledCount: UInt64 { journal.unjournalledCount }

    // MARK: - Errors

    /// Runs `body` and puts its errors into this module's terms.
    static func run<Value>(_ work: String, _ body: () throws -> Value) throws(RecordStoreError) -> Value {
        do {
            return try body()
        } catch {
            throw RecordStoreError(doing: work, error)
        }
    }
}
