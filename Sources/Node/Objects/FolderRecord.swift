import Core
import Glibc
import Namespace
import Synchronization

/// Which files of a folder an interrupted `get` had brought back whole; it lies beside the folder until all are.
///
/// A row of blocks of 32 bytes. The first tells this start of the machine from others. The others each stand for a file:
/// the digest of what it is and of what the file system says of it, so that a file that was changed since does not
/// count. A block of zeros says that everything before it was on stable storage; after a power cut only that counts.
package final class FolderRecord: Sendable {
    /// Bytes or files after which what was written is brought to stable storage.
    private static let bytesUnsyncedMax = 1 << 30
    private static let filesUnsyncedMax = 10_000
    /// Longest record that is read: of four million files.
    private static let byteCountMax = 128 << 20
    private static let synced = [UInt8](repeating: 0, count: Digest.byteCount)

    private struct State {
        var bytesUnsynced = 0
        var filesUnsynced = 0
        /// Whether nothing is noted: then nothing stays.
        var isEmpty: Bool
    }

    private let path: String
    private let descriptor: CInt
    private let done: Set<Digest>
    private let state: Mutex<State>

    /// Opens or makes the record; blocks.
    ///
    /// - Parameters:
    ///   - name: What the folder is stored as.
    ///   - target: Where it is written.
    ///   - boot: What tells this start of the machine from others.
    /// - Returns: `nil` when somebody else writes the same folder just now, or the record cannot be written.
    package init?(of name: String, to target: String, boot: [UInt8] = FolderRecord.boot) {
        let identity = Digest(hashing: CBOR.array([.text("holdfast/folder-record/1"), .text(name)]).encoded())
        path = PartName(of: target, identity: identity).part
        descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { return nil }
        var (status, named) = (stat(), stat())
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_nlink == 1, flock(descriptor, LOCK_EX | LOCK_NB) == 0, lstat(path, &named) == 0,
            named.st_ino == status.st_ino, named.st_dev == status.st_dev
        else {
            close(descriptor)
            return nil
        }
        let start = Digest(hashing: boot)
        let blocks = Self.read(descriptor)
        let isSameStart = blocks.first == start.bytes
        let last = isSameStart ? blocks.count : (blocks.lastIndex(of: Self.synced) ?? 0)
        let counted = blocks.prefix(last).dropFirst().filter { $0 != Self.synced }
        done = Set(counted.compactMap { try? Digest($0) })
        state = Mutex(State(isEmpty: counted.isEmpty))
        guard !isSameStart else {
            // What was torn off is overwritten.
            lseek(descriptor, off_t(blocks.count * Digest.byteCount), SEEK_SET)
            return
        }
        let kept = [start.bytes] + counted + (counted.isEmpty ? [] : [Self.synced])
        guard ftruncate(descriptor, 0) == 0, Self.append(kept.flatMap { $0 }, to: descriptor) else { return nil }
    }

    deinit {
        // Under the lock: nobody else has begun to write there.
        if state.withLock({ $0.isEmpty }) { unlink(path) }
        close(descriptor)
    }

    /// Whether a file is whole already and was not touched since.
    package func holds(_ entry: NamespaceEntry, at path: String) -> Bool {
        guard !done.isEmpty, let mark = Self.mark(entry, path) else { return false }
        return done.contains(mark)
    }

    /// Notes that a file is whole; blocks.
    package func note(_ entry: NamespaceEntry, at path: String) {
        guard let mark = Self.mark(entry, path) else { return }
        state.withLock { state in
            // A file that is not noted is fetched again, that is all.
            _ = Self.append(mark.bytes, to: descriptor)
            state.isEmpty = false
            state.bytesUnsynced += Int(clamping: entry.size)
            state.filesUnsynced += 1
            guard state.bytesUnsynced >= Self.bytesUnsyncedMax || state.filesUnsynced >= Self.filesUnsyncedMax else {
                return
            }
            state = State(isEmpty: false)
            sync()
            if Self.append(Self.synced, to: descriptor) { fdatasync(descriptor) }
        }
    }

    /// All files are there.
    package func remove() {
        state.withLock { state in
            unlink(path)
            // From here on the name is free for others.
            state.isEmpty = false
        }
    }

    // MARK: - Blocks

    private static func mark(_ entry: NamespaceEntry, _ path: String) -> Digest? {
        guard case .object(let object) = entry.content else { return nil }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, UInt64(status.st_size) == entry.size else {
            return nil
        }
        let numbers = [
            Int64(bitPattern: UInt64(status.st_dev)), Int64(bitPattern: UInt64(status.st_ino)), Int64(status.st_size),
            Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec), Int64(status.st_ctim.tv_sec),
            Int64(status.st_ctim.tv_nsec), Int64(entry.mode), entry.modified.milliseconds,
        ]
        let parts = [CBOR.text(entry.name.text), .bytes(ObjectIdentity.digest(of: object).bytes)]
        return Digest(hashing: CBOR.array(parts + numbers.map { .integer($0) }).encoded())
    }

    private static func read(_ descriptor: CInt) -> [[UInt8]] {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0, status.st_size <= off_t(byteCountMax) else {
            return []
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == bytes.count else { return [] }
        return stride(from: 0, to: bytes.count / Digest.byteCount * Digest.byteCount, by: Digest.byteCount).map {
            Array(bytes[$0..<($0 + Digest.byteCount)])
        }
    }

    private static func append(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count
    }

    /// What Linux calls this start of the machine; never the same when it cannot be read.
    package static var boot: [UInt8] {
        if let bytes = try? SmallFile.read("/proc/sys/kernel/random/boot_id"), !bytes.isEmpty { return bytes }
        var generator = SystemRandomNumberGenerator()
        return (0..<Digest.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
