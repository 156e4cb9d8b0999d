import Core
import Files
import Synchronization

/// Which volume files there are, who writes to which, and the ones that are open for reading.
///
/// A volume has one writer at a time. The index is the truth; this is its shadow for what must be known without a
/// query.
final class VolumePool: Sendable {
    /// How many volumes stay open for reading when nobody holds a lease on them.
    static let openVolumesMax = 256

    let folder: String
    let fileSystem: any FileSystem
    private let state: Mutex<State>

    /// A volume that can be appended to.
    struct Slot: Sendable {
        let id: Int64
        /// The committed end, where appending starts.
        let length: Int
        let isNew: Bool
    }

    private struct State {
        var nextID: Int64
        /// Unsealed and without a writer: id and committed length.
        var free: [Int64: Int]
        var written: Set<Int64> = []
        var open: [Int64: OpenVolume] = [:]
    }

    init(folder: String, fileSystem: any FileSystem, nextID: Int64, unsealed: [Int64: Int]) {
        self.folder = folder
        self.fileSystem = fileSystem
        state = Mutex(State(nextID: nextID, free: unsealed))
    }

    private static let names = VolumeName(ending: ".vol")

    static func name(of id: Int64) -> String { names.text(id) }

    static func id(ofName name: String) -> Int64? { names.id(name) }

    func path(of id: Int64) -> String { folder + "/" + Self.name(of: id) }

    // MARK: - Writing

    /// Takes the fullest volume that nobody writes to, or a new one.
    func acquire() -> Slot {
        state.withLock { state in
            let fullest = state.free.max { ($0.value, $1.key) < ($1.value, $0.key) }
            guard let (id, length) = fullest else {
                let id = state.nextID
                state.nextID += 1
                state.written.insert(id)
                return Slot(id: id, length: 0, isNew: true)
            }
            state.free[id] = nil
            state.written.insert(id)
            state.open[id]?.beginOwnChange()
            return Slot(id: id, length: length, isNew: false)
        }
    }

    /// Gives a volume back.
    ///
    /// - Parameter length: the committed length, `nil` when it is not to be appended to again.
    func release(_ id: Int64, length: Int?) {
        state.withLock { state in
            state.written.remove(id)
            state.open[id]?.endOwnChange()
            if let length { state.free[id] = length }
        }
    }

    /// Keeps a volume without a writer from getting one; `false` when it has one.
    func retire(_ id: Int64) -> Bool {
        state.withLock { state in
            guard !state.written.contains(id) else { return false }
            state.free[id] = nil
            return true
        }
    }

    /// Forgets a volume whose file is gone; leases on it stay valid.
    func forget(_ id: Int64) {
        _ = state.withLock { $0.open.removeValue(forKey: id) }
    }

    // MARK: - Reading

    /// The volume, open for reading and not changed by anyone else.
    func open(_ id: Int64) throws -> OpenVolume {
        try state.withLock { state in
            if let volume = state.open[id] {
                if volume.isUnchanged() { return volume }
                state.open[id] = nil
            }
            if state.open.count >= Self.openVolumesMax,
                let idle = state.open.filter({ !$0.value.hasLeases }).keys.min()
            {
                state.open[idle] = nil
            }
            let volume = try OpenVolume(
                id: id,
                path: path(of: id),
                isBeingWritten: state.written.contains(id),
                fileSystem: fileSystem
            )
            state.open[id] = volume
            return volume
        }
    }

    func markDead(_ ranges: [Int64: [Range<Int>]]) {
        state.withLock { state in
            for (id, ranges) in ranges { state.open[id]?.markDead(ranges) }
        }
    }

    enum Punch {
        case done
        /// The file system cannot do it.
        case unsupported
        /// A lease still needs the bytes.
        case leased
    }

    /// Gives the space of a dead range back.
    func punchHole(in id: Int64, _ range: Range<Int>) throws(SystemCallError) -> Punch {
        let reader = state.withLock { $0.open[id] }
        if let reader, reader.isLeased(range) { return .leased }
        let descriptor = try fileSystem.open(path(of: id), .write)
        defer { fileSystem.close(descriptor) }
        reader?.beginOwnChange()
        defer { reader?.endOwnChange() }
        return try fileSystem.punchHole(descriptor, range) ? .done : .unsupported
    }

    /// Returns when the bytes of the volumes are on stable storage.
    func synchronize(_ ids: some Sequence<Int64>) throws(SystemCallError) {
        for id in ids {
            let descriptor = try fileSystem.open(path(of: id), .write)
            defer { fileSystem.close(descriptor) }
            try fileSystem.synchronize(descriptor)
        }
    }
}
