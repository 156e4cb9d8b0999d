import Glibc
import Settings

/// How much of the disk this node lends.
package struct LentSpace: Sendable {
    /// Unless told otherwise: at most 50 GB, or half of what is free.
    package static let defaultBytesMax: UInt64 = 50_000_000_000
    /// The share of it that may be cache, unless told otherwise.
    package static let cacheShare: UInt64 = 10

    /// One owner may take a quarter of it without paying.
    package static let ownersMin: Int64 = 4

    package let storageBytes: Int64
    package let cacheBytes: Int64

    package init(configuration: NodeConfiguration, folder: String) {
        let (sum, overflow) = Self.freeBytes(folder).addingReportingOverflow(
            Self.usedBytes(folder + "/blocks/volumes")
        )
        let free = overflow ? .max : sum
        let lent = configuration.storageBytes.map { UInt64(clamping: $0) } ?? min(Self.defaultBytesMax, free / 2)
        storageBytes = Int64(clamping: lent)
        cacheBytes = Int64(clamping: configuration.cacheBytes.map { UInt64(clamping: $0) } ?? lent / Self.cacheShare)
    }

    /// Bytes that are free on the disk of `folder`, for anyone.
    package static func freeBytes(_ folder: String) -> UInt64 {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return 0 }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : bytes
    }

    /// Bytes that the files of a folder take on the disk; what this node holds already is not lost to it.
    package static func usedBytes(_ folder: String) -> UInt64 {
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
