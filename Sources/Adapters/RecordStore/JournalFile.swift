import Core
import Glibc

/// The file behind the crash journal: fixed slots of one digest and its check value each.
///
/// Writes go to the page cache and are never synchronized: they outlive this process, which is all they are for. What
/// a power cut leaves is either a whole slot, or fails its check and counts as empty.
///
///     slot:  0 ..< 32 digest   32 ..< 40 check value, little endian   40 ..< 64 zero;   an empty slot is all zero
struct JournalFile: ~Copyable {
    static let slotBytes = 64
    static let byteCount = RecordStore.slotsMax * slotBytes

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
        _ = close(descriptor)
    }

    /// The digests that were being processed when the file was last in use.
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
        return (0..<RecordStore.slotsMax).compactMap { index in
            Self.digest(in: bytes[(index * Self.slotBytes)..<((index + 1) * Self.slotBytes)], index: index)
        }
    }

    /// Whether the digest was written.
    func write(_ digest: Digest, at index: Int) -> Bool {
        let bytes = digest.bytes
        let check = Self.check(bytes, index: index)
        return withUnsafeTemporaryAllocation(byteCount: Self.slotBytes, alignment: 8) { region in
            _ = region.initializeMemory(as: UInt8.self, repeating: 0)
            region.copyBytes(from: bytes)
            region.storeBytes(of: check.littleEndian, toByteOffset: Digest.byteCount, as: UInt64.self)
            return write(UnsafeRawBufferPointer(region), at: index)
        }
    }

    /// Whether the slot was emptied.
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

    private static func digest(in slot: ArraySlice<UInt8>, index: Int) -> Digest? {
        let digest = slot.prefix(Digest.byteCount)
        let stored = slot.dropFirst(Digest.byteCount).prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard stored == check(digest, index: index) else { return nil }
        return try? Digest(digest)
    }

    /// FNV-1a, 64 bits: a change of any one byte changes it. It guards against decay, not against an adversary, who
    /// cannot write this file.
    private static func check(_ digest: some Sequence<UInt8>, index: Int) -> UInt64 {
        let start = 0xcbf2_9ce4_8422_2325 ^ UInt64(index &+ 1)
        return digest.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
