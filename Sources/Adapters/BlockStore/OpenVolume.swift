import Core
import Files
import Synchronization

/// A volume file that is open for reading, and what this process knows of its bytes.
///
/// Verified are the ranges that were hashed through this descriptor since it was opened; the knowledge is void as soon
/// as size, mtime or ctime change other than by our own writes. What lies between the start and the end of an own
/// change is not seen.
final class OpenVolume: Sendable {
    let id: Int64
    let descriptor: CInt
    private let fileSystem: any FileSystem
    private let state: Mutex<State>

    private struct State {
        var stamp: FileStamp
        /// How many of our own writers are at work; their changes are expected.
        var ownChanges: Int
        /// Changed by someone else, for good.
        var isForeign = false
        var verified = IntervalSet()
        /// Deleted since this object was made; no new lease covers it.
        var dead = IntervalSet()
        var leases: [UInt64: [Range<Int>]] = [:]
        var revoked: Set<UInt64> = []
        var nextLease: UInt64 = 0
    }

    init(id: Int64, path: String, isBeingWritten: Bool, fileSystem: any FileSystem) throws(SystemCallError) {
        let descriptor = try fileSystem.open(path, .read)
        do throws(SystemCallError) {
            let stamp = try fileSystem.stamp(descriptor)
            state = Mutex(State(stamp: stamp, ownChanges: isBeingWritten ? 1 : 0))
        } catch {
            fileSystem.close(descriptor)
            throw error
        }
        self.id = id
        self.descriptor = descriptor
        self.fileSystem = fileSystem
    }

    deinit {
        fileSystem.close(descriptor)
    }

    // MARK: - Changes

    func isUnchanged() -> Bool {
        state.withLock { isUnchanged(&$0) }
    }

    private func isUnchanged(_ state: inout State) -> Bool {
        if state.isForeign { return false }
        if state.ownChanges > 0 { return true }
        if let stamp = try? fileSystem.stamp(descriptor), stamp == state.stamp { return true }
        state.isForeign = true
        state.verified = IntervalSet()
        return false
    }

    func beginOwnChange() {
        state.withLock { state in
            _ = isUnchanged(&state)
            state.ownChanges += 1
        }
    }

    func endOwnChange() {
        state.withLock { state in
            state.ownChanges -= 1
            guard state.ownChanges == 0, !state.isForeign else { return }
            if let stamp = try? fileSystem.stamp(descriptor) { state.stamp = stamp } else { state.isForeign = true }
        }
    }

    // MARK: - Verification

    func isVerified(_ range: Range<Int>) -> Bool {
        state.withLock { $0.verified.contains(range) && isUnchanged(&$0) }
    }

    /// Remembers that `range` was hashed through this descriptor.
    func noteVerified(_ range: Range<Int>) {
        state.withLock { state in
            guard !state.isForeign, !state.dead.overlaps(range) else { return }
            state.verified.insert(range)
        }
    }

    // MARK: - Leases

    /// Promises that `ranges` keep their bytes while the lease lives; `nil` when a part is deleted or not verified.
    func lease(_ ranges: [Range<Int>]) -> VolumeLease? {
        let id: UInt64? = state.withLock { state in
            guard isUnchanged(&state), ranges.allSatisfy({ state.verified.contains($0) }) else { return nil }
            let id = state.nextLease
            state.nextLease += 1
            state.leases[id] = ranges
            return id
        }
        return id.map { VolumeLease(volume: self, id: $0) }
    }

    func endLease(_ id: UInt64) {
        state.withLock { state in
            state.leases[id] = nil
            state.revoked.remove(id)
        }
    }

    func isRevoked(_ id: UInt64) -> Bool {
        state.withLock { $0.revoked.contains(id) }
    }

    /// The blocks of these ranges were deleted: no new lease covers them and running ones ask to be given back.
    func markDead(_ ranges: [Range<Int>]) {
        state.withLock { state in
            for range in ranges {
                state.verified.remove(range)
                state.dead.insert(range)
            }
            for (id, leased) in state.leases where leased.contains(where: { state.dead.overlaps($0) }) {
                state.revoked.insert(id)
            }
        }
    }

    var hasLeases: Bool { state.withLock { !$0.leases.isEmpty } }

    /// Whether a lease still needs bytes of `range`.
    func isLeased(_ range: Range<Int>) -> Bool {
        state.withLock { state in
            state.leases.values.contains { $0.contains { $0.overlaps(range) } }
        }
    }
}

/// Bytes of a volume that stay as they are until the last reference to this object is gone.
///
/// The descriptor may go into a `FileRegion`: it stays open as long, also when the volume file is removed meanwhile.
public final class VolumeLease: Sendable {
    private let volume: OpenVolume
    private let id: UInt64

    init(volume: OpenVolume, id: UInt64) {
        self.volume = volume
        self.id = id
    }

    deinit {
        volume.endLease(id)
    }

    /// A descriptor for reading; shared, so nobody moves its file offset.
    public var descriptor: CInt { volume.descriptor }

    /// Whether the bytes are still the ones that were verified and their blocks are still stored; costs one `fstat`.
    public func isUnchanged() -> Bool {
        !volume.isRevoked(id) && volume.isUnchanged()
    }
}

/// A piece of a volume file.
public struct StoredExtent: Sendable {
    public let file: VolumeLease
    /// In bytes from the file's start.
    public let offset: Int
    /// In bytes.
    public let length: Int
}
