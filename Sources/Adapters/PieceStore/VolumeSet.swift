import Files
import Glibc
import Synchronization

/// A volume that is open; the file is closed when the last user is gone.
final class OpenVolume: Sendable {
    let id: Int64
    let descriptor: CInt
    private let fileSystem: any FileSystem

    init(id: Int64, descriptor: CInt, fileSystem: any FileSystem) {
        self.id = id
        self.descriptor = descriptor
        self.fileSystem = fileSystem
    }

    deinit {
        fileSystem.close(descriptor)
    }
}

extension SystemCallError {
    /// After a failed synchronization the next one succeeds although writes were lost.
    fileprivate static func ofLostWrites(_ path: String) -> SystemCallError {
        SystemCallError(call: "fdatasync", path: path, number: EIO)
    }
}

/// A range of a volume that one writer fills.
struct Reservation: Sendable {
    let extent: Extent
    let volume: OpenVolume
    let salt: [UInt8]

    var place: FrameHeader.Place {
        FrameHeader.Place(salt: salt, volume: extent.volume, offset: extent.offset)
    }
}

/// Which volume files there are, which are open, and which ranges are being written.
///
/// Ranges are handed out one behind the other in the active volume; several writers fill theirs at the same time. The
/// index is the truth about what is committed; this knows what is not.
final class VolumeSet: Sendable {
    /// Most volumes that stay open.
    static let openVolumesMax = 128

    let folder: String
    let fileSystem: any FileSystem
    private let volumeBytesMax: Int
    private let state: Mutex<State>

    private struct State {
        var nextID: Int64
        var active: Int64?
        var appending: [Int64: Appending]
        var open: [Int64: OpenVolume] = [:]
        /// Volumes without a row whose file could not be removed yet.
        var leftover: Set<Int64> = []
    }

    /// A volume that can be appended to, or in which something is being written.
    private struct Appending {
        let salt: [UInt8]
        /// Where the next range begins.
        var end: Int
        /// Whether the folder knows the file for sure.
        var isEntered: Bool
        /// Whether something of it is committed.
        var hasRow: Bool
        /// Whether writes may have been lost: then nothing of it is acknowledged any more.
        var hasFailed = false
        var ranges: [Int: Written] = [:]
    }

    /// A range that is not committed.
    private struct Written {
        let extent: Extent
        var isAbandoned = false
        /// Whether the index has it as dead.
        var isRecorded = false
    }

    struct Last: Sendable {
        let id: Int64
        let length: Int
        let salt: [UInt8]
    }

    /// - Parameter last: a volume that can be appended to.
    init(folder: String, fileSystem: any FileSystem, volumeBytesMax: Int, nextID: Int64, last: Last?) {
        self.folder = folder
        self.fileSystem = fileSystem
        self.volumeBytesMax = volumeBytesMax
        var appending: [Int64: Appending] = [:]
        if let last { appending[last.id] = Appending(salt: last.salt, end: last.length, isEntered: true, hasRow: true) }
        state = Mutex(State(nextID: nextID, active: last?.id, appending: appending))
    }

    private static let names = VolumeName(ending: ".pcs")

    static func name(of id: Int64) -> String { names.text(id) }

    static func id(ofName name: String) -> Int64? { names.id(name) }

    func path(of id: Int64) -> String { folder + "/" + Self.name(of: id) }

    // MARK: - Open files

    func open(_ id: Int64) throws(SystemCallError) -> OpenVolume {
        try state.withLock { (state) throws(SystemCallError) in
            if let volume = state.open[id] { return volume }
            let descriptor = try fileSystem.open(path(of: id), .write)
            return keep(OpenVolume(id: id, descriptor: descriptor, fileSystem: fileSystem), &state)
        }
    }

    private func keep(_ volume: OpenVolume, _ state: inout State) -> OpenVolume {
        if state.open.count >= Self.openVolumesMax, let idle = state.open.keys.first { state.open[idle] = nil }
        state.open[volume.id] = volume
        return volume
    }

    // MARK: - Reserving

    /// Takes a range behind all others.
    func reserve(_ byteCount: Int) throws(SystemCallError) -> Reservation {
        try state.withLock { (state) throws(SystemCallError) in
            let id = try active(for: byteCount, &state)
            let volume: OpenVolume
            if let open = state.open[id] {
                volume = open
            } else {
                let descriptor = try fileSystem.open(path(of: id), .write)
                volume = keep(OpenVolume(id: id, descriptor: descriptor, fileSystem: fileSystem), &state)
            }
            guard var appending = state.appending[id] else { preconditionFailure("the active volume is appended to") }
            let extent = Extent(volume: id, offset: appending.end, byteCount: byteCount)
            appending.end = extent.end
            appending.ranges[extent.offset] = Written(extent: extent)
            state.appending[id] = appending
            return Reservation(extent: extent, volume: volume, salt: appending.salt)
        }
    }

    private func active(for byteCount: Int, _ state: inout State) throws(SystemCallError) -> Int64 {
        if let id = state.active, let appending = state.appending[id] {
            if appending.end <= VolumeHeader.byteCount || appending.end + byteCount <= volumeBytesMax { return id }
            retire(id, &state)
        }
        let id = state.nextID
        state.nextID += 1
        var random = SystemRandomNumberGenerator()
        let salt = (0..<VolumeHeader.saltByteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
        let descriptor = try fileSystem.open(path(of: id), .create)
        let volume = OpenVolume(id: id, descriptor: descriptor, fileSystem: fileSystem)
        do throws(SystemCallError) {
            let header = VolumeHeader(volume: id, salt: salt).encoded()
            try fileSystem.writeAll(header, to: descriptor, at: 0)
        } catch {
            if (try? fileSystem.remove(path(of: id))) == nil { state.leftover.insert(id) }
            throw error
        }
        _ = keep(volume, &state)
        state.appending[id] = Appending(salt: salt, end: VolumeHeader.byteCount, isEntered: false, hasRow: false)
        state.active = id
        return id
    }

    /// Ends appending to a volume; what is being written stays known.
    private func retire(_ id: Int64, _ state: inout State) {
        if state.active == id { state.active = nil }
        guard let appending = state.appending[id], appending.ranges.isEmpty else { return }
        state.appending[id] = nil
        if !appending.hasRow { removeFile(id, &state) }
    }

    // MARK: - Committing

    /// Returns when the volume's bytes, and its file's name, are on stable storage.
    func synchronize(_ volume: OpenVolume) throws(SystemCallError) {
        do throws(SystemCallError) {
            guard !state.withLock({ $0.appending[volume.id]?.hasFailed ?? false }) else {
                throw SystemCallError.ofLostWrites(path(of: volume.id))
            }
            try fileSystem.synchronize(volume.descriptor)
            guard state.withLock({ $0.appending[volume.id].map { !$0.isEntered } ?? false }) else { return }
            try fileSystem.synchronizeFolder(folder)
        } catch {
            // What the disk holds is unknown: nothing more is built upon it.
            state.withLock { state in
                state.appending[volume.id]?.hasFailed = true
                retire(volume.id, &state)
            }
            throw error
        }
        state.withLock { $0.appending[volume.id]?.isEntered = true }
    }

    /// Ranges below the new committed ends that are not committed and that the index does not have as dead.
    func gaps(below ends: [Int64: Int], except committed: Set<Extent>) -> [Extent] {
        state.withLock { state in
            ends.flatMap { id, end in
                (state.appending[id]?.ranges.values ?? [:].values).filter {
                    $0.extent.offset < end && !$0.isRecorded && !committed.contains($0.extent)
                }.map(\.extent)
            }
        }
    }

    func noteRecorded(_ extents: [Extent]) {
        state.withLock { state in
            for extent in extents {
                state.appending[extent.volume]?.ranges[extent.offset]?.isRecorded = true
                if state.appending[extent.volume]?.ranges[extent.offset]?.isAbandoned ?? false {
                    remove(extent, &state)
                }
            }
        }
    }

    func isRecorded(_ extent: Extent) -> Bool {
        state.withLock { $0.appending[extent.volume]?.ranges[extent.offset]?.isRecorded ?? false }
    }

    func noteCommitted(_ extents: some Sequence<Extent>) {
        state.withLock { state in
            for extent in extents {
                state.appending[extent.volume]?.hasRow = true
                remove(extent, &state)
            }
        }
    }

    private func remove(_ extent: Extent, _ state: inout State) {
        state.appending[extent.volume]?.ranges[extent.offset] = nil
        if state.active != extent.volume { retire(extent.volume, &state) }
    }

    /// Gives a range back that nobody writes to any more.
    ///
    /// - Parameter hasHeader: whether a header may be there; it is overwritten.
    func abandon(_ reservation: Reservation, hasHeader: Bool) {
        let extent = reservation.extent
        let isClean = !hasHeader || (try? bury(extent, in: reservation.volume)) != nil
        state.withLock { state in
            guard var appending = state.appending[extent.volume], let range = appending.ranges[extent.offset] else {
                return
            }
            guard !range.isRecorded else { return remove(extent, &state) }
            appending.ranges[extent.offset]?.isAbandoned = true
            guard isClean else {
                state.appending[extent.volume] = appending
                return retire(extent.volume, &state)
            }
            let end = appending.end
            while let last = appending.ranges.values.first(where: { $0.extent.end == appending.end }),
                last.isAbandoned, !last.isRecorded
            {
                appending.end = last.extent.offset
                appending.ranges[last.extent.offset] = nil
            }
            state.appending[extent.volume] = appending
            // Nobody can reserve meanwhile, so nothing behind the new end is needed.
            let isCut =
                appending.end == end
                || (try? fileSystem.truncate(reservation.volume.descriptor, to: appending.end)) != nil
            if !isCut || state.active != extent.volume { retire(extent.volume, &state) }
        }
    }

    // MARK: - Giving back

    func isWriting(_ extent: Extent) -> Bool {
        state.withLock { state in
            state.appending[extent.volume]?.ranges[extent.offset].map { !$0.isAbandoned } ?? false
        }
    }

    /// Overwrites where a header would be.
    func bury(_ extent: Extent, in volume: OpenVolume) throws(SystemCallError) {
        let zeros = [UInt8](repeating: 0, count: min(FrameHeader.alignment, extent.byteCount))
        try fileSystem.writeAll(zeros, to: volume.descriptor, at: extent.offset)
    }

    /// Ends appending to a volume; `false` when something is being written there.
    func close(_ id: Int64) -> Bool {
        state.withLock { state in
            guard state.appending[id]?.ranges.isEmpty ?? true else { return false }
            retire(id, &state)
            return true
        }
    }

    /// Removes the file of a volume that has no row any more; one that stays is tried again, and by the next open.
    func remove(_ id: Int64) {
        state.withLock { removeFile(id, &$0) }
    }

    private func removeFile(_ id: Int64, _ state: inout State) {
        state.open[id] = nil
        state.appending[id] = nil
        state.leftover.insert(id)
        for id in state.leftover where (try? fileSystem.remove(path(of: id))) != nil { state.leftover.remove(id) }
    }

    /// Whether the volume's file may be there without a row in the index.
    func isPending(_ id: Int64) -> Bool {
        state.withLock { $0.appending[id] != nil || $0.leftover.contains(id) }
    }
}
