import Files
import Glibc
import NIOCore
import NIOPosix

/// A file for each holder, written and synchronized as they do: all at once, each a piece after the other.
final class PieceFiles {
    /// Bytes of a write.
    private static let writeLength = 512 << 10

    private let paths: [String]
    private let descriptors: [CInt]
    private var end = 0
    /// A thread for each file: holders wait for their disk at the same time.
    private let threads: NIOThreadPool

    /// - Throws: ``SystemCallError``.
    init(folder: String, count: Int, prefix: String = "bound") throws {
        let paths = (0..<count).map { "\(folder)/\(prefix)-\($0)" }
        self.paths = paths
        descriptors = try paths.map { path in
            let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw SystemCallError(call: "open", path: path, number: errno) }
            return descriptor
        }
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    func remove() {
        try? threads.syncShutdownGracefully()
        for descriptor in descriptors { close(descriptor) }
        for path in paths { unlink(path) }
    }

    /// Appends an equal part of `bytes` to each file; returns when all are durable.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try append(bytes)
        try synchronize()
    }

    /// Appends an equal part of `bytes` to each file.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        let share = bytes.count / descriptors.count
        let system = SystemFileSystem()
        for start in stride(from: 0, to: share, by: Self.writeLength) {
            let length = min(Self.writeLength, share - start)
            for (number, descriptor) in descriptors.enumerated() {
                let first = number * share + start
                let part = UnsafeRawBufferPointer(rebasing: bytes[first..<(first + length)])
                try system.writeAll(part, to: descriptor, at: end + start)
                system.beginSynchronizing(descriptor, (end + start)..<(end + start + length))
            }
        }
        end += share
    }

    /// Returns when all that was written is durable; all files at once.
    func synchronize() throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let results = descriptors.map { descriptor in
            threads.runIfActive(eventLoop: loop) { try SystemFileSystem().synchronize(descriptor) }
        }
        for result in results { try result.wait() }
    }

    /// Reads so many bytes that were written, from all files.
    func read(_ byteCount: Int) throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.writeLength, alignment: 4_096)
        defer { memory.deallocate() }
        let share = byteCount / descriptors.count
        for descriptor in descriptors {
            for start in stride(from: 0, to: share, by: Self.writeLength) {
                let part = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(Self.writeLength, share - start)])
                _ = try SystemFileSystem().read(part, from: descriptor, at: start)
            }
        }
    }
}
