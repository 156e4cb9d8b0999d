import Glibc

/// The file system of this machine.
public struct SystemFileSystem: FileSystem {
    // fallocate(2) and its flags from linux/falloc.h; the Glibc module does not show them.
    private static let keepSize: CInt = 0x01
    private static let punchHole: CInt = 0x02
    private typealias Fallocate = @convention(c) (CInt, CInt, off_t, off_t) -> CInt
    private static let fallocate: Fallocate? = dlsym(nil, "fallocate").map { unsafeBitCast($0, to: Fallocate.self) }

    // sync_file_range(2), in the same way.
    private static let startWriting: CUnsignedInt = 0x02
    private typealias SyncFileRange = @convention(c) (CInt, off_t, off_t, CUnsignedInt) -> CInt
    private static let syncFileRange: SyncFileRange? =
        dlsym(nil, "sync_file_range").map { unsafeBitCast($0, to: SyncFileRange.self) }

    public init() {}

    public func open(_ path: String, _ mode: FileMode) throws(SystemCallError) -> CInt {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .write: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            }
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .last("open", path) }
        return descriptor
    }

    public func close(_ descriptor: CInt) {
        _ = Glibc.close(descriptor)
    }

    public func write(
        _ bytes: UnsafeRawBufferPointer,
        to descriptor: CInt,
        at offset: Int
    ) throws(SystemCallError) -> Int {
        guard !bytes.isEmpty else { return 0 }
        while true {
            let count = pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
            if count > 0 { return count }
            if count == 0 { throw SystemCallError(call: "pwrite", number: ENOSPC) }
            guard errno == EINTR else { throw .last("pwrite") }
        }
    }

    public func read(
        _ bytes: UnsafeMutableRawBufferPointer,
        from descriptor: CInt,
        at offset: Int
    ) throws(SystemCallError) -> Int {
        while true {
            let count = pread(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw .last("pread") }
        }
    }

    public func beginSynchronizing(_ descriptor: CInt, _ range: Range<Int>) {
        _ = Self.syncFileRange?(descriptor, off_t(range.lowerBound), off_t(range.count), Self.startWriting)
    }

    public func synchronize(_ descriptor: CInt) throws(SystemCallError) {
        guard fdatasync(descriptor) == 0 else { throw .last("fdatasync") }
    }

    public func synchronizeFolder(_ path: String) throws(SystemCallError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last("fsync", path) }
    }

    public func truncate(_ descriptor: CInt, to length: Int) throws(SystemCallError) {
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw .last("ftruncate") }
    }

    public func punchHole(_ descriptor: CInt, _ range: Range<Int>) throws(SystemCallError) -> Bool {
        guard let fallocate = Self.fallocate else { return false }
        let mode = Self.keepSize | Self.punchHole
        if fallocate(descriptor, mode, off_t(range.lowerBound), off_t(range.count)) == 0 { return true }
        if errno == EOPNOTSUPP || errno == ENOSYS { return false }
        throw .last("fallocate")
    }

    public func remove(_ path: String) throws(SystemCallError) {
        guard unlink(path) == 0 else { throw .last("unlink", path) }
    }

    public func rename(_ path: String, to newPath: String) throws(SystemCallError) {
        guard Glibc.rename(path, newPath) == 0 else { throw .last("rename", newPath) }
    }

    public func stamp(_ descriptor: CInt) throws(SystemCallError) -> FileStamp {
        var status = Glibc.stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("fstat") }
        return FileStamp(status)
    }

    public func names(inFolder path: String) throws(SystemCallError) -> [String] {
        guard let folder = opendir(path) else { throw .last("opendir", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    public func makeFolder(_ path: String) throws(SystemCallError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .last("mkdir", path) }
    }

    public func bootIdentity() -> String {
        let descriptor = Glibc.open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).filter { $0 != "\n" }
    }
}

extension FileStamp {
    package init(_ status: Glibc.stat) {
        self.init(
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino),
            size: Int(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec),
            changed: Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
        )
    }
}
