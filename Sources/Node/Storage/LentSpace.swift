import Glibc
import Settings

/// How much of the disk this node lends.
struct LentSpace: Sendable {
    /// Unless told otherwise: at most 50 GB, or half of what is free.
    static let defaultBytesMax: UInt64 = 50_000_000_000
    /// The share of it that may be cache, unless told otherwise.
    static let cacheShare: UInt64 = 10

    let storageBytes: Int64
    let cacheBytes: Int64

    init(configuration: NodeConfiguration, folder: String) {
        let free = Self.freeBytes(folder) + Self.usedBytes(folder + "/blocks/volumes")
        let lent = configuration.storageBytes.map { UInt64(clamping: $0) } ?? min(Self.defaultBytesMax, free / 2)
        storageBytes = Int64(clamping: lent)
        cacheBytes = Int64(clamping: configuration.cacheBytes.map { UInt64(clamping: $0) } ?? lent / Self.cacheShare)
    }

    /// Bytes that are free on the disk of `folder`, for anyone.
    static func freeBytes(_ folder: String) -> UInt64 {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return 0 }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// Bytes that the files of a folder take on the disk; what this node holds already is not lost to it.
    static func usedBytes(_ folder: String) -> UInt64 {
        guard let directory = opendir(folder) else { return 0 }
        defer { closedir(directory) }
        var bytes: UInt64 = 0
        while let entry = readdir(directory) {
            var status = stat()
            guard fstatat(dirfd(directory), &entry.pointee.d_name.0, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { continue }
            bytes += UInt64(clamping: status.st_blocks) * 512
        }
        return bytes
    }
}
