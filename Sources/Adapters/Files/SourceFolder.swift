import Dispatch
import Glibc
import Synchronization

/// An open folder that is being imported; entries are opened below it, never through a path and never through a link.
package final class SourceFolder {
    package enum Kind: Sendable {
        case file, folder, symlink
        /// A socket, a pipe, a device.
        case other
    }

    package struct Entry: Sendable {
        /// As the file system has it, without the terminating zero.
        package let name: [UInt8]
        /// `nil` when the file system does not say.
        package let kind: Kind?
    }

    package let descriptor: CInt

    /// Takes the descriptor over.
    package init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The entries except `.` and `..`, sorted by the bytes of their names.
    package func entries() throws(SystemCallError) -> [Entry] {
        // The stream owns its descriptor and its position.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw .last("openat") }
        guard let stream = fdopendir(copy) else {
            let error = SystemCallError.last("fdopendir")
            close(copy)
            throw error
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .last("readdir") }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard name != [UInt8(ascii: ".")], name != Array("..".utf8) else { continue }
            entries.append(Entry(name: name, kind: Self.kind(entry.pointee.d_type)))
        }
        return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private static func kind(_ type: UInt8) -> Kind? {
        switch Int(type) {
        case Int(DT_REG): .file
        case Int(DT_DIR): .folder
        case Int(DT_LNK): .symlink
        case Int(DT_UNKNOWN): nil
        default: .other
        }
    }

    package static func kind(ofMode mode: mode_t) -> Kind {
        switch mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFLNK: .symlink
        default: .other
        }
    }

    // MARK: - Entries

    package func status(_ name: [UInt8]) throws(SystemCallError) -> Glibc.stat {
        try Self.status(name, in: descriptor)
    }

    private static func status(_ name: [UInt8], in descriptor: CInt) throws(SystemCallError) -> Glibc.stat {
        var status = Glibc.stat()
        let result = withPath(name) { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }
        guard result == 0 else { throw .last("fstatat") }
        return status
    }

    /// An entry as the file system has it now.
    package struct EntryStatus: Sendable {
        package let kind: Kind
        package let stamp: FileStamp
    }

    /// Entries looked at by one thread before it takes the next ones.
    private static let entriesPerTurn = 256

    /// The status of many entries, looked up on several threads; `nil` for one that cannot be looked at.
    package func statuses(_ entries: ArraySlice<Entry>) -> [EntryStatus?] {
        let statuses = Mutex([EntryStatus?](repeating: nil, count: entries.count))
        let descriptor = descriptor
        let turns = (entries.count + Self.entriesPerTurn - 1) / Self.entriesPerTurn
        DispatchQueue.concurrentPerform(iterations: turns) { turn in
            let start = turn * Self.entriesPerTurn
            let found = entries.dropFirst(start).prefix(Self.entriesPerTurn).map { entry in
                (try? Self.status(entry.name, in: descriptor))
                    .map { EntryStatus(kind: Self.kind(ofMode: $0.st_mode), stamp: FileStamp($0)) }
            }
            statuses.withLock { $0.replaceSubrange(start..<start + found.count, with: found) }
        }
        return statuses.withLock { $0 }
    }

    package func openFolder(_ name: [UInt8]) throws(SystemCallError) -> SourceFolder {
        let opened = Self.withPath(name) { openat(descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard opened >= 0 else { throw .last("openat") }
        return SourceFolder(descriptor: opened)
    }

    package func openFile(_ name: [UInt8]) throws(SystemCallError) -> SourceFile {
        // A pipe that took the file's place must not block the open.
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let opened = Self.withPath(name) { openat(descriptor, $0, flags) }
        guard opened >= 0 else { throw .last("openat") }
        return SourceFile(descriptor: opened)
    }

    /// The bytes that a symbolic link points to.
    package func target(_ name: [UInt8]) throws(SystemCallError) -> [UInt8] {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = Self.withPath(name) { readlinkat(descriptor, $0, &target, target.count) }
        guard count >= 0 else { throw .last("readlinkat") }
        return target.prefix(count).map { UInt8(bitPattern: $0) }
    }

    private static func withPath<Result>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: name.count + 1) { path in
            for (index, byte) in name.enumerated() { path[index] = CChar(bitPattern: byte) }
            path[name.count] = 0
            guard let start = path.baseAddress else { preconditionFailure("an allocation has an address") }
            return body(start)
        }
    }
}

/// A file that is being imported.
package struct SourceFile: ~Copyable {
    private let descriptor: CInt

    /// Takes the descriptor over.
    package init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    package func status() throws(SystemCallError) -> Glibc.stat {
        var status = Glibc.stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("fstat") }
        return status
    }

    /// Hands the descriptor on, with the file's status; whoever takes it closes it.
    package consuming func release() throws(SystemCallError) -> (descriptor: CInt, status: Glibc.stat) {
        var status = Glibc.stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = SystemCallError.last("fstat")
            _ = consume self
            throw error
        }
        let descriptor = descriptor
        discard self
        return (descriptor, status)
    }

    /// Reads the next bytes until `buffer` is full or the file ends.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemCallError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = Glibc.read(descriptor, rest.baseAddress, rest.count)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw .last("read")
            }
            done += count
        }
        return done
    }
}
