import Core
import Mesh
import RecordStore
import Synchronization

/// Keeps the record that the mesh engine is looking at in the crash journal.
///
/// One record at a time has a slot: the engine runs under a lock, and a crash is to be blamed on nothing but the record
/// that it happened with.
final class RecordJournal: RecordWatching {
    private let records: RecordStore
    private let slot = Mutex<JournalSlot?>(nil)

    init(records: RecordStore) {
        self.records = records
    }

    func begin(_ digest: Digest) {
        let next = records.begin(digest)
        slot.withLock { $0 = next }
    }

    func end() {
        guard let done = slot.withLock({ $0.take() }) else { return }
        records.end(done)
    }
}
