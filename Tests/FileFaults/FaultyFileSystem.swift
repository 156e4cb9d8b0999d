import Files
import Foundation
import Glibc
import Synchronization

/// The real file system, in which one operation fails.
///
/// Operations are counted; the chosen one fails as asked. After a crash nothing works any more, and
/// ``surviving(into:)`` shows what the disk holds: what was synchronized, and no more.
public final class FaultyFileSystem: FileSystem {
    public enum Fault: Hashable, CaseIterable, Sendable {
        case ioError, diskFull, shortWrite, crash
    }

    private struct State {
        public var count = 0
        var paths: [CInt: String] = [:]
        /// What of each file is on stable storage.
        var contents: [String: [UInt8]] = [:]
        /// Which files the folder has on stable storage.
        var entries: Set<String> = []
        /// Of files that were renamed since their folder was synchronized: the bytes under the new name.
        var renamed: [String: [UInt8]] = [:]
        var hasCrashed = false
    }

    private let real = SystemFileSystem()
    private let fault: Fault
    private let failing: Int
    private let boot: String
    private let state = Mutex(State())

    /// - Parameter operation: which one fails, from 0; none when it is never reached.
    public init(_ fault: Fault, at operation: Int, boot: String = "first") {
        self.fault = fault
        failing = operation
        self.boot = boot
    }

    public var count: Int { state.withLock { $0.count } }
    public var hasFailed: Bool { count > failing }

    /// Nothing works any more, from now on.
    public func crash() { state.withLock { $0.hasCrashed = true } }

    /// Takes what is on disk now as synchronized, as after a clean start.
    public func adopt(_ folder: String) throws {
        for name in try real.names(inFolder: folder) {
            let bytes = Array(try Data(contentsOf: URL(filePath: folder + "/" + name)))
            state.withLock { state in
                state.contents[folder + "/" + name] = bytes
                state.entries.insert(folder + "/" + name)
            }
        }
    }

    /// Copies what a power loss leaves of the store in `folder`.
    public func surviving(of folder: String, into copy: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: copy + "/volumes", withIntermediateDirectories: true)
        // SQLite's own files are not behind this seam.
        for name in ["index.sqlite", "index.sqlite-wal"] where files.fileExists(atPath: folder + "/" + name) {
            try files.copyItem(atPath: folder + "/" + name, toPath: copy + "/" + name)
        }
        let survivors = state.withLock { state in state.entries.sorted().map { ($0, state.contents[$0] ?? []) } }
        for (path, bytes) in survivors {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            try Data(bytes).write(to: URL(filePath: copy + "/volumes/" + name))
        }
    }

    /// What a power loss leaves of the files in `folder`, by name.
    public func surviving(of folder: String) -> [String: [UInt8]] {
        state.withLock { state in
            let paths = state.entries.filter { $0.hasPrefix(folder + "/") }
            return Dictionary(
                uniqueKeysWithValues: paths.map { path in
                    (String(path.dropFirst(folder.count + 1)), state.contents[path] ?? [])
                }
            )
        }
    }

    /// Whether the next operation is the one that fails.
    private func begin(_ call: String) throws(SystemCallError) -> Bool {
        let (fails, isDead) = state.withLock { state in
            let fails = state.count == failing
            state.count += 1
            if fails, fault == .crash { state.hasCrashed = true }
            return (fails, state.hasCrashed)
        }
        if isDead { throw SystemCallError(call: call, number: EIO) }
        guard fails else { return false }
        switch fault {
        case .ioError: throw SystemCallError(call: call, number: EIO)
        case .diskFull: throw SystemCallError(call: call, number: ENOSPC)
        case .shortWrite, .crash: return true
        }
    }

    // MARK: - FileSystem

    public func open(_ path: String, _ mode: FileMode) throws(SystemCallError) -> CInt {
        _ = try begin("open")
        let descriptor = try real.open(path, mode)
        state.withLock { $0.paths[descriptor] = path }
        return descriptor
    }

    public func close(_ descriptor: CInt) {
        _ = state.withLock { $0.paths.removeValue(forKey: descriptor) }
        real.close(descriptor)
    }

    public func write(
        _ bytes: UnsafeRawBufferPointer,
        to descriptor: CInt,
        at offset: Int
    ) throws(SystemCallError) -> Int {
        let isShort = try begin("pwrite")
        let part = UnsafeRawBufferPointer(rebasing: bytes[..<(isShort ? (bytes.count + 1) / 2 : bytes.count)])
        return try real.write(part, to: descriptor, at: offset)
    }

    public func read(
        _ bytes: UnsafeMutableRawBufferPointer,
        from descriptor: CInt,
        at offset: Int
    ) throws(SystemCallError) -> Int {
        _ = try begin("pread")
        return try real.read(bytes, from: descriptor, at: offset)
    }

    // A hint: nothing is safe because of it, and it cannot fail.
    public func beginSynchronizing(_ descriptor: CInt, _ range: Range<Int>) {}

    public func synchronize(_ descriptor: CInt) throws(SystemCallError) {
        _ = try begin("fdatasync")
        try real.synchronize(descriptor)
        guard let path = state.withLock({ $0.paths[descriptor] }) else { return }
        let bytes = (try? Data(contentsOf: URL(filePath: path))).map(Array.init) ?? []
        state.withLock { $0.contents[path] = bytes }
    }

    public func synchronizeFolder(_ path: String) throws(SystemCallError) {
        _ = try begin("fsync")
        try real.synchronizeFolder(path)
        let names = try real.names(inFolder: path)
        let folder = path + "/"
        state.withLock { state in
            for (path, bytes) in state.renamed where path.hasPrefix(folder) { state.contents[path] = bytes }
            state.renamed = state.renamed.filter { !$0.key.hasPrefix(folder) }
            state.entries = state.entries.filter { !$0.hasPrefix(path + "/") }
            for name in names { state.entries.insert(path + "/" + name) }
        }
    }

    public func truncate(_ descriptor: CInt, to length: Int) throws(SystemCallError) {
        _ = try begin("ftruncate")
        try real.truncate(descriptor, to: length)
    }

    public func punchHole(_ descriptor: CInt, _ range: Range<Int>) throws(SystemCallError) -> Bool {
        _ = try begin("fallocate")
        return try real.punchHole(descriptor, range)
    }

    public func remove(_ path: String) throws(SystemCallError) {
        _ = try begin("unlink")
        try real.remove(path)
    }

    public func rename(_ path: String, to newPath: String) throws(SystemCallError) {
        _ = try begin("rename")
        try real.rename(path, to: newPath)
        state.withLock { state in
            if let bytes = state.contents.removeValue(forKey: path) { state.renamed[newPath] = bytes }
        }
    }

    public func stamp(_ descriptor: CInt) throws(SystemCallError) -> FileStamp {
        _ = try begin("fstat")
        return try real.stamp(descriptor)
    }

    public func names(inFolder path: String) throws(SystemCallError) -> [String] {
        _ = try begin("readdir")
        return try real.names(inFolder: path)
    }

    public func makeFolder(_ path: String) throws(SystemCallError) {
        _ = try begin("mkdir")
        try real.makeFolder(path)
    }

    public func bootIdentity() -> String { boot }
}
