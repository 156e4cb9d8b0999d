import Core
import Namespace
import Objects
import RecordStore
import Synchronization

/// Segments that were stored, or are being stored, and that no name mentions yet.
///
/// What a put leaves here when it fails or is killed is nobody's: see ``OrphanRemoval``. An entry is written before the
/// first piece leaves this node, so nothing is stored unseen.
package final class SegmentJournal: Sendable {
    /// Where the entries of private objects are.
    package static let unnamedPrefix = "unnamed/"

    /// A segment without a name.
    package struct Entry: Sendable {
        package let segment: SegmentReference
        /// The version of this device's root that names it; `nil` when the put did not come so far.
        package let rootVersion: UInt64?
    }

    private let records: RecordStore
    private let prefix: String
    /// Segments of puts that are under way.
    private let current = Mutex<Set<Digest>>([])

    /// - Parameter prefix: Of the names under which entries are kept; each kind of content has its own.
    package init(records: RecordStore, prefix: String = unnamedPrefix) {
        self.records = records
        self.prefix = prefix
    }

    /// The segments of one put; what is not committed when nobody holds the batch any more is abandoned.
    package final class Batch: Sendable {
        private let journal: SegmentJournal
        private let segments = Mutex<[SegmentReference]>([])

        fileprivate init(_ journal: SegmentJournal) {
            self.journal = journal
        }

        deinit {
            let ended = segments.withLock { $0 }
            journal.current.withLock { current in for segment in ended { current.remove(segment.id) } }
        }

        /// Notes a segment before anything of it is stored.
        package func note(_ segment: SegmentReference) throws {
            journal.current.withLock { _ = $0.insert(segment.id) }
            segments.withLock { $0.append(segment) }
            try journal.records.set([journal.setting(Entry(segment: segment, rootVersion: nil))])
        }

        /// Notes which root will name the segments, before it is published.
        ///
        /// Without this a node that lost its newest root with the power would take the named for nobody's.
        package func expect(rootVersion: UInt64) throws {
            let noted = segments.withLock { $0 }
            try journal.records.set(noted.map { journal.setting(Entry(segment: $0, rootVersion: rootVersion)) })
        }

        /// Forgets the segments: names mention them.
        package func commit() throws {
            try journal.forget(segments.withLock { $0 })
        }
    }

    /// Begins a put.
    package func begin() -> Batch { Batch(self) }

    /// What puts left that are not under way any more.
    ///
    /// - Throws: ``RecordStoreError``, and ``CoreError`` or ``NamespaceError`` for entries that make no sense.
    package func abandoned() throws -> [Entry] {
        // The settings first: a put that begins after they were read is not among them.
        let entries = try records.settings(prefix: prefix).map { try Self.entry($0.value) }
        return current.withLock { current in entries.filter { !current.contains($0.segment.id) } }
    }

    package func forget(_ segments: [SegmentReference]) throws {
        try records.set(segments.map { (name: name($0), value: nil) })
    }

    private func name(_ segment: SegmentReference) -> String { prefix + SegmentID(segment.id).description }

    private func setting(_ entry: Entry) -> (name: String, value: [UInt8]?) {
        var fields: [String: CBOR] = ["segment": entry.segment.cbor]
        if let version = entry.rootVersion { fields["version"] = .unsigned(version) }
        return (name(entry.segment), CBOR.map(fields).encoded())
    }

    private static func entry(_ bytes: [UInt8]) throws -> Entry {
        let fields = try CBORFields(decoding: bytes, of: "segment journal")
        return Entry(
            segment: try SegmentReference(cbor: fields.value("segment")),
            rootVersion: fields.optional("version") == nil ? nil : try fields.unsigned("version")
        )
    }
}
