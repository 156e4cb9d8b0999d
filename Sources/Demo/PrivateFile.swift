import Control
import Core
import Glibc
import Settings

/// The file that is stored for an owner alone, and what it must read like, found out from the disk and not from the mesh.
package struct PrivateFile: Sendable, Equatable {
    /// What the file is stored as.
    package static let objectName = "demo/file"
    /// Bytes that the demo's folder may take for each byte of the file: one for a file that is made, three for its
    /// pieces, and up to one for pieces that are made again, since what dead nodes held stays until the end.
    package static let folderBytesPerByte = 5
    private static let chunkBytes = 1 << 20

    package let path: String
    package let size: Int
    package let digest: Digest

    package init(path: String, size: Int, digest: Digest) {
        self.path = path
        self.size = size
        self.digest = digest
    }

    /// How long a reader waits for the whole file: 30 s, and what 5 MB/s need.
    package var timeMax: Duration { .seconds(30) + .microseconds(size / 5) }

    /// A file that exists, hashed.
    ///
    /// - Throws: ``ControlError`` `.badInput` for what is no file or cannot be read.
    package init(existing path: String) throws(ControlError) {
        let expected = try Self.size(of: path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path) }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        var hasher = Hasher256()
        var size = 0
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw Self.unreadable(path) }
            guard count > 0 else { break }
            hasher.update(chunk[..<count])
            size += count
        }
        guard size == expected else {
            throw ControlError(.badInput, "\(path) changes while it is read; choose another --file")
        }
        self.init(path: path, size: size, digest: hasher.finalize())
    }

    /// Makes a file of pseudo-random bytes, which nothing can compress or find twice.
    ///
    /// - Throws: ``ControlError`` `.full` when the disk is, `.failed` when it cannot be written otherwise.
    package init(generating size: Int, at path: String, seed: UInt64) throws(ControlError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.unwritable(path) }
        defer { close(descriptor) }
        var rng = SplitMix64(seed: seed)
        var words = [UInt64](repeating: 0, count: Self.chunkBytes / MemoryLayout<UInt64>.size)
        var hasher = Hasher256()
        var left = size
        while left > 0 {
            for index in words.indices { words[index] = rng.next().littleEndian }
            let isWritten = words.withUnsafeBytes { bytes in
                let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(left))
                hasher.update(part)
                left -= part.count
                return Self.write(part, to: descriptor)
            }
            guard isWritten else { throw Self.unwritable(path) }
        }
        self.init(path: path, size: size, digest: hasher.finalize())
    }

    /// Bytes of a file that exists.
    ///
    /// - Throws: ``ControlError`` `.badInput` for what is no file or cannot be seen.
    package static func size(of path: String) throws(ControlError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw unreadable(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ControlError(.badInput, "\(path) is no file; --file takes one file")
        }
        return Int(status.st_size)
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
        return true
    }

    private static func unreadable(_ path: String) -> ControlError {
        ControlError(.badInput, "cannot read \(path): \(String(cString: strerror(errno)))")
    }

    private static func unwritable(_ path: String) -> ControlError {
        let reason = errno
        return ControlError(
            reason == ENOSPC || reason == EDQUOT ? .full : .failed,
            "cannot write \(path): \(String(cString: strerror(reason)))"
        )
    }
}

/// Where the private file comes from.
public enum PrivateFileSource: Sendable, Equatable {
    /// Made in the demo's folder, with so many bytes.
    case generated(bytes: Int)
    /// Absolute path.
    case existing(String)

    /// Bytes of the file.
    func size() throws(ControlError) -> Int {
        switch self {
        case .generated(let bytes): bytes
        case .existing(let path): try PrivateFile.size(of: path)
        }
    }

    /// - Parameter path: where a file is made when one is.
    func take(at path: String, seed: UInt64) throws(ControlError) -> PrivateFile {
        switch self {
        case .generated(let bytes): try PrivateFile(generating: bytes, at: path, seed: seed)
        case .existing(let path): try PrivateFile(existing: path)
        }
    }
}
