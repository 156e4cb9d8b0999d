import Control
import Glibc
package import NIOCore
import NIOPosix
import Synchronization

/// Waiting for a file descriptor on a thread for blocking calls, until the task is cancelled.
private enum DescriptorWait {
    /// How long a cancellation may go unnoticed, in milliseconds.
    static let pollMilliseconds: Int32 = 100

    /// Runs `body` on a thread of its own.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable (_ isCancelled: () -> Bool) throws -> Value
    ) async throws -> Value {
        let flag = Flag()
        return try await withTaskCancellationHandler {
            try await NIOThreadPool.singleton.runIfActive { try body { flag.isSet.withLock { $0 } } }
        } onCancel: {
            flag.isSet.withLock { $0 = true }
        }
    }

    /// Waits until `descriptor` is ready.
    ///
    /// - Throws: `CancellationError`.
    static func wait(for descriptor: Int32, _ events: Int32, _ isCancelled: () -> Bool) throws {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            if isCancelled() { throw CancellationError() }
            let count = poll(&entry, 1, pollMilliseconds)
            // What poll cannot tell, the call that follows does.
            if count > 0 || (count < 0 && errno != EINTR) { return }
        }
    }

    private final class Flag: Sendable {
        let isSet = Mutex(false)
    }
}

/// A file descriptor as a stream, read only when the next chunk is asked for.
package struct DescriptorContent: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer
    package typealias Failure = any Error

    /// Largest chunk, in bytes.
    static let chunkBytesMax = 256 << 10

    private let descriptor: Int32

    /// - Parameter descriptor: stays the caller's.
    package init(_ descriptor: Int32 = STDIN_FILENO) {
        self.descriptor = descriptor
    }

    package func makeAsyncIterator() -> Iterator { Iterator(descriptor: descriptor) }

    package struct Iterator: AsyncIteratorProtocol {
        let descriptor: Int32

        package mutating func next() async throws -> ByteBuffer? {
            let descriptor = descriptor
            return try await DescriptorWait.run { isCancelled in
                var buffer = ByteBufferAllocator().buffer(capacity: chunkBytesMax)
                while true {
                    try DescriptorWait.wait(for: descriptor, Int32(POLLIN), isCancelled)
                    let count = buffer.withUnsafeMutableWritableBytes { bytes in
                        Glibc.read(descriptor, bytes.baseAddress, Swift.min(bytes.count, chunkBytesMax))
                    }
                    if count < 0, errno == EINTR || errno == EAGAIN { continue }
                    guard count >= 0 else {
                        let text = String(cString: strerror(errno))
                        throw ControlError(.badInput, "cannot read standard input: \(text)")
                    }
                    buffer.moveWriterIndex(forwardBy: count)
                    return count > 0 ? buffer : nil
                }
            }
        }
    }
}

/// Standard output for bytes instead of lines.
package enum DescriptorOutput {
    /// A pipe that is ready takes as much without blocking (`PIPE_BUF`).
    private static let pipeBytesMax = 4_096

    /// - Returns: whether anybody still reads; one who went away has seen enough, and that is no error.
    package static func write(_ buffer: ByteBuffer, to descriptor: Int32 = STDOUT_FILENO) async throws -> Bool {
        try await DescriptorWait.run { isCancelled in
            var status = stat()
            let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            var rest = buffer
            while rest.readableBytes > 0 {
                if !isFile { try DescriptorWait.wait(for: descriptor, Int32(POLLOUT), isCancelled) }
                if isCancelled() { throw CancellationError() }
                let count = rest.withUnsafeReadableBytes { bytes in
                    Glibc.write(descriptor, bytes.baseAddress, isFile ? bytes.count : min(bytes.count, pipeBytesMax))
                }
                let reason = errno
                if count < 0, reason == EINTR || reason == EAGAIN { continue }
                if count < 0, reason == EPIPE { return false }
                guard count > 0 else {
                    let text = String(cString: strerror(reason))
                    let code: Control.ExitCode = reason == ENOSPC || reason == EDQUOT ? .full : .failed
                    throw ControlError(code, "cannot write to standard output: \(text)")
                }
                rest.moveReaderIndex(forwardBy: count)
            }
            return true
        }
    }
}
