import Core
import Glibc

/// The file behind the crash journal: fixed slots of one digest, its thread and a check value each, then the mark of a
/// crash.
///
/// Writes go to the page cache and are never synchronized: they outlive this process, which is all they are for. What
/// a power cut leaves is either a whole slot, or fails its check and counts as empty.
///
///     slot:  0 ..< 32 digest   32 ..< 40 thread   40 ..< 48 check value   48 ..< 64 zero;   an empty slot is all zero
///     mark:  after the last slot, CrashMark;   without one the process did not crash, and slots count for nothing
///
/// Integers are little endian.
struct JournalFile: ~Copyable {
    static let slotBytes = 64
    static let markOffset = RecordStore.slotsMax * slotBytes
    static let byteCount = markOffset + slotBytes

    private let descriptor: CInt

    /// Opens or makes the file and gives it its full length; leaves what the slots hold.
    init(path: String) throws(RecordStoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("cannot open the crash journal \(path)") }
        // Space is taken now, so that a disk that fills up later does not stop the journal.
        guard ftruncate(descriptor, off_t(Self.byteCount)) == 0 else {
            defer { _ = close(descriptor) }
            throw .system("cannot give the crash journal \(path) its \(Self.byteCount) bytes")
        }
        let reserved = posix_fallocate(descriptor, 0, off_t(Self.byteCount))
        guard reserved == 0 || reserved == EOPNOTSUPP || reserved == EINVAL else {
            defer { _ = close(descriptor) }
            throw .system("cannot reserve \(Self.byteCount) bytes for the crash journal \(path)", reserved)
        }
        self.descriptor = descriptor
    }

    deinit {
        CrashMark.forget(descriptor)
        _ = close(descriptor)
    }

    /// Marks this file when the process crashes, from now on.
    func markCrashes() {
        CrashMark.install(for: descriptor)
    }

    /// Marks this file as if the calling thread crashed.
    func mark() {
        let mark = UnsafeMutablePointer<UInt64>.allocate(capacity: 2)
        defer { mark.deallocate() }
        CrashMark.write(to: descriptor, using: mark)
    }

    /// The digests that the thread was processing that crashed when the file was last in use; none if none crashed.
    func digests() throws(RecordStoreError) -> [Digest] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { region in
                pread(descriptor, region.baseAddress.map { $0 + filled }, region.count - filled, off_t(filled))
            }
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw .system("cannot read the crash journal")
            }
        }
        guard let thread = CrashMark.thread(in: bytes[Self.markOffset...]) else { return [] }
        return (0..<RecordStore.slotsMax).compactMap { index in
            let slot = bytes[(index * Self.slotBytes)..<((index + 1) * Self.slotBytes)]
            return Self.digest(in: slot, index: index, thread: thread)
        }
    }

    /// Whether the digest was written, as one that the calling thread processes.
    func write(_ digest: Digest, at index: Int) -> Bool {
        let bytes = digest.bytes
        let thread = CrashMark.thread
        let check = Self.check(bytes, index: index, thread: thread)
        return withUnsafeTemporaryAllocation(byteCount: Self.slotBytes, alignment: 8) { region in
            _ = region.initializeMemory(as: UInt8.self, repeating: 0)
            region.copyBytes(from: bytes)
            region.storeBytes(of: thread.littleEndian, toByteOffset: Digest.byteCount, as: UInt64.self)
            region.storeBytes(of: check.littleEndian, toByteOffset: Digest.byteCount + 8, as: UInt64.self)
            return write(UnsafeRawBufferPointer(region), at: index)
        }
    }

    /// Empties all slots, then takes away the mark.
    func clear() throws(RecordStoreError) {
        for index in 0...RecordStore.slotsMax {
            guard clear(index) else { throw .system("cannot clear the crash journal") }
        }
    }

    /// Whether the slot was emptied; the one after the last is the mark.
    func clear(_ index: Int) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Self.slotBytes, alignment: 8) { region in
            _ = region.initializeMemory(as: UInt8.self, repeating: 0)
            return write(UnsafeRawBufferPointer(region), at: index)
        }
    }

    private func write(_ region: UnsafeRawBufferPointer, at index: Int) -> Bool {
        while true {
            let count = pwrite(descriptor, region.baseAddress, region.count, off_t(index * Self.slotBytes))
            if count == region.count { return true }
            guard count < 0, errno == EINTR else { return false }
        }
    }

    // MARK: - One slot

    private static func digest(in slot: ArraySlice<UInt8>, index: Int, thread: UInt64) -> Digest? {
        let digest = slot.prefix(Digest.byteCount)
        guard integer(slot.dropFirst(Digest.byteCount)) == thread,
            integer(slot.dropFirst(Digest.byteCount + 8)) == check(digest, index: index, thread: thread)
        else { return nil }
        return try? Digest(digest)
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    /// FNV-1a, 64 bits: a change of any one byte changes it. It guards against decay, not against an adversary, who
    /// cannot write this file.
    private static func check(_ digest: some Sequence<UInt8>, index: Int, thread: UInt64) -> UInt64 {
        let start = 0xcbf2_9ce4_8422_2325 ^ UInt64(index &+ 1) ^ thread
        return digest.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
