import Foundation
import GRDBSQLite
import Synchronization

/// The disk under one SQLite database, on which one writing operation fails; all other databases are left alone.
///
/// Stands between SQLite and the system as its default VFS (sqlite.org/vfs.html): every write, synchronization,
/// truncation and removal of the database and its log is counted, every read too where that is asked for, and the
/// chosen one fails as asked. After a crash nothing works any more, and ``surviving()`` is what the disk holds: what was
/// synchronized, and no more.
public final class FaultyDatabase: Sendable {
    public enum Fault: CaseIterable, Sendable {
        case ioError, diskFull, crash
    }

    /// What a sweep lets fail, and whether reads can fail too.
    public static let sweeps: [(fault: Fault, countsReads: Bool)] = [
        (.ioError, false), (.diskFull, false), (.ioError, true),
    ]
    /// Reads are many and alike: one operation in so many fails where they count.
    private static let readStride = 7

    /// The operations of a sweep that fail, one in each run.
    public static func operations(below total: Int, countsReads: Bool) -> StrideTo<Int> {
        stride(from: 0, to: total, by: countsReads ? readStride : 1)
    }

    private struct State {
        var count = 0
        var hasCrashed = false
        var isHealed = false
        /// What of each file is on stable storage.
        var contents: [String: Data] = [:]
    }

    /// Path of the database; its log lies beside it.
    public let path: String
    private let fault: Fault
    private let failing: Int
    fileprivate let countsReads: Bool
    private let onCrash: @Sendable () -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - path: Of a database that is closed, and synchronized as it is.
    ///   - operation: Which one fails, from 0; none when it is never reached.
    ///   - countsReads: Whether reads are operations that can fail, too.
    ///   - onCrash: Called once, at the crash: what else dies with the process.
    public init(
        _ path: String,
        _ fault: Fault,
        at operation: Int,
        countsReads: Bool = false,
        onCrash: @escaping @Sendable () -> Void = {}
    ) {
        self.path = path
        self.onCrash = onCrash
        self.countsReads = countsReads
        self.fault = fault
        failing = operation
        var state = State()
        for file in [path, path + "-wal"] {
            if let bytes = FileManager.default.contents(atPath: file) { state.contents[file] = bytes }
        }
        self.state = Mutex(state)
        Shim.install()
        Shim.disks.withLock { $0[path] = self }
    }

    /// Ends the faults; call when the database is closed.
    public func end() { Shim.disks.withLock { _ = $0.removeValue(forKey: path) } }

    /// From now on nothing fails and nothing is counted.
    public func heal() { state.withLock { $0.isHealed = true } }

    public var count: Int { state.withLock { $0.count } }
    public var hasFailed: Bool { count > failing }

    /// What a power loss leaves, by path.
    public func surviving() -> [String: Data] { state.withLock { $0.contents } }

    /// Puts what a power loss leaves in the place of the database and its log in a copy of their folder.
    public func restoreSurvivors(into folder: String) throws {
        let survivors = surviving()
        let name = path.split(separator: "/").last.map(String.init) ?? path
        for end in ["", "-wal", "-shm"] {
            let copy = folder + "/" + name + end
            try? FileManager.default.removeItem(atPath: copy)
            try survivors[path + end]?.write(to: URL(filePath: copy))
        }
    }

    // MARK: - What SQLite asks for

    /// - Returns: How the operation fails, `nil` when it does not.
    fileprivate func begin(_ failure: CInt, isWrite: Bool = false) -> CInt? {
        state.withLock { state in
            guard !state.isHealed else { return nil }
            let fails = state.count == failing
            state.count += 1
            if fails, fault == .crash {
                state.hasCrashed = true
                onCrash()
            }
            guard fails || state.hasCrashed else { return nil }
            return fault == .diskFull && isWrite ? SQLITE_FULL : failure
        }
    }

    fileprivate func synchronized(_ file: String) {
        let bytes = FileManager.default.contents(atPath: file)
        state.withLock { $0.contents[file] = bytes }
    }
}

/// SQLite's own functions with a look at the disk before each.
///
/// The open file keeps the system's layout; only its table of methods is exchanged for one that asks first.
private enum Shim {
    struct OpenFile: @unchecked Sendable {
        let methods: UnsafePointer<sqlite3_io_methods>
        let disk: FaultyDatabase
        let path: String
    }

    // Extended result codes (sqlite.org/rescode.html), which Swift does not see as they are made by macros.
    static let readFailed = SQLITE_IOERR | (1 << 8)
    static let writeFailed = SQLITE_IOERR | (3 << 8)
    static let synchronizationFailed = SQLITE_IOERR | (4 << 8)
    static let truncationFailed = SQLITE_IOERR | (6 << 8)
    static let removalFailed = SQLITE_IOERR | (10 << 8)

    static let disks = Mutex<[String: FaultyDatabase]>([:])
    static let open = Mutex<[UInt: OpenFile]>([:])
    nonisolated(unsafe) static let system = sqlite3_vfs_find(nil)
    /// By the system's table; never freed, since SQLite keeps pointers to it.
    nonisolated(unsafe) static var tables: [UInt: UnsafePointer<sqlite3_io_methods>] = [:]
    private static let installed: Void = register()

    static func install() { _ = installed }

    static func file(_ pointer: UnsafeMutablePointer<sqlite3_file>?) -> OpenFile? {
        open.withLock { $0[UInt(bitPattern: pointer)] }
    }

    static func disk(of path: String) -> FaultyDatabase? {
        disks.withLock { disks in
            disks.first { path == $0.key || path == $0.key + "-wal" || path == $0.key + "-journal" }?.value
        }
    }

    private static func register() {
        guard let system else { return }
        let shim = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        shim.initialize(to: system.pointee)
        shim.pointee.pNext = nil
        shim.pointee.zName = UnsafePointer(strdup("holdfast-faults"))
        shim.pointee.xOpen = { _, name, file, flags, outFlags in
            let result = Shim.system?.pointee.xOpen(Shim.system, name, file, flags, outFlags) ?? SQLITE_ERROR
            guard result == SQLITE_OK, let name, let file, let methods = file.pointee.pMethods else { return result }
            let path = String(cString: name)
            guard let disk = Shim.disk(of: path) else { return result }
            Shim.open.withLock { open in
                open[UInt(bitPattern: file)] = OpenFile(methods: methods, disk: disk, path: path)
                file.pointee.pMethods = Shim.table(for: methods)
            }
            return result
        }
        shim.pointee.xDelete = { _, name, synchronizes in
            if let name, let disk = Shim.disk(of: String(cString: name)),
                let failure = disk.begin(Shim.removalFailed)
            {
                return failure
            }
            return Shim.system?.pointee.xDelete(Shim.system, name, synchronizes) ?? SQLITE_ERROR
        }
        sqlite3_vfs_register(shim, 1)
    }

    /// Called under the lock of ``open``.
    private static func table(for methods: UnsafePointer<sqlite3_io_methods>) -> UnsafePointer<sqlite3_io_methods> {
        let key = UInt(bitPattern: methods)
        if let table = tables[key] { return table }
        let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        table.initialize(to: methods.pointee)
        table.pointee.xRead = { file, bytes, count, offset in
            guard let open = Shim.file(file) else { return SQLITE_ERROR }
            if open.disk.countsReads, let failure = open.disk.begin(Shim.readFailed) { return failure }
            return open.methods.pointee.xRead(file, bytes, count, offset)
        }
        table.pointee.xWrite = { file, bytes, count, offset in
            guard let open = Shim.file(file) else { return SQLITE_ERROR }
            if let failure = open.disk.begin(Shim.writeFailed, isWrite: true) { return failure }
            return open.methods.pointee.xWrite(file, bytes, count, offset)
        }
        table.pointee.xTruncate = { file, length in
            guard let open = Shim.file(file) else { return SQLITE_ERROR }
            if let failure = open.disk.begin(Shim.truncationFailed) { return failure }
            return open.methods.pointee.xTruncate(file, length)
        }
        table.pointee.xSync = { file, flags in
            guard let open = Shim.file(file) else { return SQLITE_ERROR }
            if let failure = open.disk.begin(Shim.synchronizationFailed) { return failure }
            let result = open.methods.pointee.xSync(file, flags)
            if result == SQLITE_OK { open.disk.synchronized(open.path) }
            return result
        }
        table.pointee.xClose = { file in
            guard let open = Shim.open.withLock({ $0.removeValue(forKey: UInt(bitPattern: file)) }) else {
                return SQLITE_ERROR
            }
            return open.methods.pointee.xClose(file)
        }
        tables[key] = UnsafePointer(table)
        return UnsafePointer(table)
    }
}
