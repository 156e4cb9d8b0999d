import Glibc

/// A block of memory that files are read into.
final class ReadBuffer: @unchecked Sendable {
    // @unchecked: one task owns it, and lends it to one read at a time.

    static let byteCount = 1 << 20

    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: ReadBuffer.byteCount, alignment: 4_096)

    deinit {
        memory.deallocate()
    }

    /// Reads until the buffer is full or the file ends; blocks.
    ///
    /// - Throws: ``NodeError`` `.badInput` that names `path`.
    func fill(from descriptor: CInt, _ path: String) throws -> Int {
        var done = 0
        while done < memory.count {
            let count = read(descriptor, memory.baseAddress.map { $0 + done }, memory.count - done)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw NodeError(.badInput, "\(path) cannot be read: \(errorText(errno))") }
            if count == 0 { break }
            done += count
        }
        return done
    }
}
