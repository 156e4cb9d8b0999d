import Core
import Namespace
import Objects
import RecordStore
import Synchronization

/// Segments that no name mentions: those that are being stored, and those whose last name is being taken away.
///
/// What a put leaves here when it fails or is killed is taken up by the next one that stores the same
/// (``SegmentResumption``), or is nobody's after a while: see ``OrphanRemoval``. An entry is written before the first
/// piece leaves this node, so nothing is stored unseen, and before a name goes, so nothing is left behind.
package final class SegmentJournal: Sendable {
    /// Where the entries of private objects are.
    package static let unnamedPrefix = "unnamed/"

    /// A segment without a name.
    package struct Entry: Sendable {
        package let segment: SegmentReference
        /// The version of this device's root that names it; `nil` when the put did not come so far.
        package var rootVersion: UInt64?
        /// What a later put has to know to take it; `nil` for what is not taken up.
        package let remains: Remains?
    }

    /// What is known of the content of a segment without a name.
    package struct Remains: Hashable, Sendable {
        /// Which put it was: what it stored under which names, as nobody else can tell.
        package let put: Digest
        /// What the segment holds: see ``SegmentFingerprint``.
        package let fingerprint: Digest
        /// The keys of the segment, sealed for the owner.
        package let sealedKeys: [UInt8]
        package let noted: Instant

        package init(put: Digest, fingerprint: Digest, sealedKeys: [UInt8], noted: Instant) {
            self.put = put
            self.fingerprint = fingerprint
            self.sealedKeys = sealedKeys
            self.noted = noted
        }

        static let sealedKeysMax = 256
    }

    private let records: RecordStore
    private let prefix: String
    /// Segments of puts that are under way, and those that somebody removes.
    private let current = Mutex<Set<Digest>>([])
    /// Held while an entry is compared and changed.
    private let changing = Mutex(())

    /// - Parameter prefix: Of the names under which entries are kept; each kind of content has its own.
    package init(records: RecordStore, prefix: String = unnamedPrefix) {
        self.records = records
        self.prefix = prefix
    }

    /// The segments of one put; what is not committed when it has ended is abandoned.
    package final class Batch: Sendable {
        private struct State {
            var entries: [Entry] = []
            /// Segments that nobody else may take or remove.
            var held: Set<Digest> = []
            /// Those of them that are still being sent.
            var sending: Set<Digest> = []
            /// What the root that is noted may need no more.
            var released: [Entry] = []
            var hasEnded = false
        }

        private let journal: SegmentJournal
        private let state = Mutex(State())

        fileprivate init(_ journal: SegmentJournal) {
            self.journal = journal
        }

        deinit {
            journal.release(state.withLock { $0.held })
        }

        /// Notes a segment before anything of it is stored; call ``sent(_:)`` when that has ended.
        package func note(_ segment: SegmentReference, remains: Remains? = nil) throws {
            _ = journal.hold(segment.id)
            let entry = Entry(segment: segment, rootVersion: nil, remains: remains)
            state.withLock { state in
                state.entries.append(entry)
                state.held.insert(segment.id)
                state.sending.insert(segment.id)
            }
            try journal.records.set([journal.setting(entry)])
        }

        /// Nothing more of this segment is sent.
        package func sent(_ segment: SegmentReference) {
            let isFree = state.withLock { state in
                state.sending.remove(segment.id)
                return state.hasEnded && state.held.remove(segment.id) != nil
            }
            if isFree { journal.release([segment.id]) }
        }

        /// Takes what an earlier put left, unless somebody else takes or removes it.
        ///
        /// - Returns: Whether it belongs to this put now.
        package func take(_ entry: Entry) throws -> Bool {
            guard journal.hold(entry.segment.id) else { return false }
            do {
                // It may have been named or removed since it was read.
                let bytes = try journal.records.setting(journal.name(entry.segment))
                guard let bytes, try SegmentJournal.decode(bytes).rootVersion == entry.rootVersion else {
                    journal.release([entry.segment.id])
                    return false
                }
            } catch {
                journal.release([entry.segment.id])
                throw error
            }
            let isTaken = state.withLock { state in
                guard !state.hasEnded else { return false }
                state.entries.append(entry)
                state.held.insert(entry.segment.id)
                return true
            }
            if !isTaken { journal.release([entry.segment.id]) }
            return isTaken
        }

        /// Leaves a segment that was taken for somebody else.
        package func giveBack(_ segment: SegmentReference) {
            let isFree = state.withLock { state in
                state.entries.removeAll { $0.segment.id == segment.id }
                return state.held.remove(segment.id) != nil
            }
            if isFree { journal.release([segment.id]) }
        }

        /// The put is over, well or not: what it did not commit is abandoned, as soon as nothing of it is sent any more.
        package func end() {
            let free = state.withLock { state in
                state.hasEnded = true
                let free = state.held.subtracting(state.sending)
                state.held.formIntersection(state.sending)
                return free
            }
            journal.release(free)
        }

        /// Notes which root will name the segments, before it is published.
        ///
        /// Without this a node that lost its newest root with the power would take the named for nobody's.
        ///
        /// - Parameter releasing: Segments that this root may need no more; kept until ``settle()``.
        package func expect(rootVersion: UInt64, releasing gone: [SegmentReference] = []) throws {
            let noted = state.withLock { state in
                for index in state.entries.indices { state.entries[index].rootVersion = rootVersion }
                return state.entries
            }
            let released = gone.map { Entry(segment: $0, rootVersion: rootVersion, remains: nil) }
            try journal.note(noted + released)
            state.withLock { $0.released += released }
        }

        /// Forgets the segments: names mention them.
        package func commit() throws {
            try journal.forget(state.withLock { $0.entries.map(\.segment) })
        }

        /// What the root that was noted last may need no more.
        var released: [SegmentReference] { state.withLock { $0.released.map(\.segment) } }

        /// Forgets what the root released: tombstones are on what no name needs.
        package func settle() throws {
            try journal.forget(asRead: state.withLock { $0.released })
        }
    }

    /// Begins a put.
    package func begin() -> Batch { Batch(self) }

    /// What puts left that are not under way any more.
    ///
    /// - Throws: ``RecordStoreError``, and ``CoreError`` or ``NamespaceError`` for entries that make no sense.
    package func abandoned() throws -> [Entry] {
        // The settings first: a put that begins after they were read is not among them.
        let entries = try entries()
        return current.withLock { current in entries.filter { !current.contains($0.segment.id) } }
    }

    /// All segments without a name, also those of puts that are under way.
    ///
    /// - Throws: As ``abandoned()``.
    package func entries() throws -> [Entry] {
        try records.settings(prefix: prefix).map { try Self.decode($0.value) }
    }

    /// Writes entries once more; with them, all that the database was told before is on stable storage.
    package func synchronize(_ entries: [Entry]) throws {
        try changing.withLock { _ in try records.set(unchanged(entries).map { setting($0) }) }
    }

    /// Forgets entries, but none that another command has noted again since: that one decides.
    func forget(asRead entries: [Entry]) throws {
        try changing.withLock { _ in try records.set(unchanged(entries).map { (name: name($0.segment), value: nil) }) }
    }

    private func note(_ entries: [Entry]) throws {
        try changing.withLock { _ in try records.set(entries.map { setting($0) }) }
    }

    private func unchanged(_ entries: [Entry]) throws -> [Entry] {
        try entries.filter { entry in
            try records.setting(name(entry.segment)).map { try Self.decode($0).rootVersion == entry.rootVersion }
                ?? false
        }
    }

    /// The highest root version that was ever noted and not decided yet, 0 for none.
    ///
    /// Another node may have got a root of this version though this one lost it with the power: no other root may be
    /// given the same version.
    package func expectedVersion() throws -> UInt64 {
        try entries().reduce(0) { max($0, $1.rootVersion ?? 0) }
    }

    package func forget(_ segments: [SegmentReference]) throws {
        try records.set(segments.map { (name: name($0), value: nil) })
    }

    private func hold(_ id: Digest) -> Bool { current.withLock { $0.insert(id).inserted } }

    private func release(_ ids: Set<Digest>) {
        current.withLock { $0.subtract(ids) }
    }

    // MARK: - Coding

    private func name(_ segment: SegmentReference) -> String { prefix + SegmentID(segment.id).description }

    private func setting(_ entry: Entry) -> (name: String, value: [UInt8]?) {
        var fields: [String: CBOR] = ["segment": entry.segment.cbor]
        if let version = entry.rootVersion { fields["version"] = .unsigned(version) }
        if let remains = entry.remains {
            fields["put"] = .bytes(remains.put.bytes)
            fields["fingerprint"] = .bytes(remains.fingerprint.bytes)
            fields["keys"] = .bytes(remains.sealedKeys)
            fields["noted"] = .integer(remains.noted.milliseconds)
        }
        return (name(entry.segment), CBOR.map(fields).encoded())
    }

    package static func decode(_ bytes: [UInt8]) throws -> Entry {
        let fields = try CBORFields(decoding: bytes, of: "segment journal")
        return Entry(
            segment: try SegmentReference(cbor: fields.value("segment")),
            rootVersion: fields.optional("version") == nil ? nil : try fields.unsigned("version"),
            remains: fields.optional("fingerprint") == nil
                ? nil
                : Remains(
                    put: try Digest(fields.bytes("put", max: Digest.byteCount)),
                    fingerprint: try Digest(fields.bytes("fingerprint", max: Digest.byteCount)),
                    sealedKeys: try fields.bytes("keys", max: Remains.sealedKeysMax),
                    noted: try fields.instant("noted")
                )
        )
    }
}
