import Core
import Synchronization

/// Which digests are being processed right now, in memory and in the journal file.
///
/// A slot belongs to one caller from `begin` to `end`, so the file is written outside the lock.
final class CrashJournal: Sendable {
    private struct Slots {
        /// The use that holds each slot; 0: none.
        var holders = [UInt64](repeating: 0, count: RecordStore.slotsMax)
        var free = Array((0..<RecordStore.slotsMax).reversed())
        var lastUse: UInt64 = 0
        var unjournalled: UInt64 = 0
    }

    private let file: JournalFile
    private let slots = Mutex(Slots())

    init(_ file: consuming JournalFile) {
        self.file = file
    }

    /// How often a digest was processed without being journalled: no slot was free or the file could not be written.
    var unjournalledCount: UInt64 { slots.withLock { $0.unjournalled } }

    func markCrashes() {
        file.markCrashes()
    }

    func mark() {
        file.mark()
    }

    func begin(_ digest: Digest) -> JournalSlot {
        if CrashMark.isActive { CrashStack.prepareThread() }
        let slot = slots.withLock { slots -> JournalSlot in
            guard let index = slots.free.popLast() else {
                slots.unjournalled += 1
                return .unjournalled
            }
            slots.lastUse += 1
            slots.holders[index] = slots.lastUse
            return JournalSlot(index: index, use: slots.lastUse)
        }
        if let index = slot.index, !file.write(digest, at: index) {
            slots.withLock { $0.unjournalled += 1 }
        }
        return slot
    }

    func end(_ slot: JournalSlot) {
        guard let index = slot.index else { return }
        let held = slots.withLock { slots -> Bool in
            guard slots.holders[index] == slot.use else { return false }
            slots.holders[index] = 0
            return true
        }
        guard held else { return }
        // If this fails, the next use of the slot overwrites the digest.
        _ = file.clear(index)
        slots.withLock { $0.free.append(index) }
    }
}
