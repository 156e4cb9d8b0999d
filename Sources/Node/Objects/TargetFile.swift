import Core
import Glibc
import NIOCore
import Objects
import Synchronization

/// A file that is being written beside its place and moved there when it is whole.
///
/// What a large one has so far stays when its writing is interrupted; it is gone on with only as far as it is, byte for
/// byte, what was sealed: nothing that a power cut, or anybody else, left there is trusted.
package final class TargetFile: Sendable {
    /// Shorter files begin anew, in bytes.
    package static let resumableBytesMin = 4 << 20
    /// Records that are checked at once: 4 MiB.
    private static let recordsAtOnce = 64

    private let name: PartName
    private let descriptor: CInt
    /// Where the tags of what is there are; `nil` when nothing is kept.
    private let seals: CInt?
    private let isFinished = Atomic<Bool>(false)

    /// Opens the part of a file.
    ///
    /// - Parameters:
    ///   - identity: What is written: who writes the same goes on with it.
    ///   - keeps: Whether what is written stays when not all is.
    /// - Throws: ``NodeError`` that names the path.
    package init(_ path: String, identity: Digest, keeps: Bool) throws {
        let wanted = PartName(of: path, identity: identity)
        if let descriptor = try Self.open(wanted.part, for: path) {
            (name, self.descriptor) = (wanted, descriptor)
        } else {
            // Somebody writes the same just now: this one is for itself.
            var generator = SystemRandomNumberGenerator()
            let mark = (0..<Digest.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let own = PartName(of: path, identity: Digest(hashing: mark))
            guard let descriptor = try Self.open(own.part, for: path) else {
                throw NodeError(.inUse, "\(own.part) is being written by somebody else")
            }
            (name, self.descriptor) = (own, descriptor)
        }
        guard keeps else {
            seals = nil
            guard ftruncate(descriptor, 0) == 0 else { throw Self.failure("write", path) }
            return
        }
        do {
            guard let opened = try Self.open(name.seals, for: path) else {
                throw NodeError(.inUse, "\(name.seals) is being written by somebody else")
            }
            seals = opened
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit {
        // Under the lock: from when the file is in its place on, the name is free for others.
        if !isFinished.load(ordering: .acquiring), seals == nil || lseek(descriptor, 0, SEEK_CUR) == 0 {
            unlink(name.part)
            if seals != nil { unlink(name.seals) }
        }
        if let seals { close(seals) }
        close(descriptor)
    }

    /// - Returns: `nil` when another descriptor holds the file.
    private static func open(_ path: String, for target: String) throws -> CInt? {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw failure("create", target) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_nlink == 1
        else {
            close(descriptor)
            throw NodeError(.file, "\(path) is in the way; remove it")
        }
        // Who had it until now may have moved it to its place.
        var named = stat()
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, lstat(path, &named) == 0, named.st_ino == status.st_ino,
            named.st_dev == status.st_dev
        else {
            close(descriptor)
            return nil
        }
        // Of a file that others could read before it was locked nothing is taken.
        guard fchmod(descriptor, 0o600) == 0 else {
            close(descriptor)
            throw failure("create", target)
        }
        return descriptor
    }

    // MARK: - Going on

    /// Cuts off everything behind the last record that is what was sealed; blocks.
    ///
    /// - Returns: How many records are there.
    package func recover(_ ciphers: RecordCiphers) throws -> UInt64 {
        guard let seals else { return 0 }
        let (recordBytes, tagBytes) = (ObjectCipher.plaintextBytesMax, ObjectCipher.tagByteCount)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.recordsAtOnce * recordBytes, alignment: 64)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: ObjectCipher.recordBytesMax, alignment: 64)
        let tags = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.recordsAtOnce * tagBytes, alignment: 64)
        defer { for region in [memory, scratch, tags] { region.deallocate() } }
        var sound: UInt64 = 0
        var isSound = true
        while isSound, sound < ciphers.recordCount {
            let plaintextCount = try read(descriptor, memory, at: Int(sound) * recordBytes)
            let tagCount = try read(seals, tags, at: Int(sound) * tagBytes) / tagBytes
            if tagCount == 0 { break }
            for number in 0..<tagCount where isSound {
                let start = number * recordBytes
                let wanted = ciphers.plaintextByteCount - min(sound * UInt64(recordBytes), ciphers.plaintextByteCount)
                let count = Int(min(UInt64(recordBytes), wanted))
                guard count > 0, start + count <= plaintextCount else {
                    isSound = false
                    break
                }
                isSound = try ciphers.cipher(of: sound).isSealed(
                    UnsafeRawBufferPointer(rebasing: memory[start..<(start + count)]),
                    record: sound,
                    isLast: ciphers.isLast(sound),
                    tag: tags[(number * tagBytes)..<((number + 1) * tagBytes)],
                    scratch: scratch
                )
                if isSound { sound += 1 }
            }
        }
        let byteCount = min(sound * UInt64(recordBytes), ciphers.plaintextByteCount)
        try cut(descriptor, to: Int(byteCount))
        try cut(seals, to: Int(sound) * tagBytes)
        return sound
    }

    private func read(_ file: CInt, _ memory: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        var done = 0
        while done < memory.count {
            let count = pread(file, memory.baseAddress.map { $0 + done }, memory.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("read", name.part) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    private func cut(_ file: CInt, to byteCount: Int) throws {
        guard ftruncate(file, off_t(byteCount)) == 0, lseek(file, off_t(byteCount), SEEK_SET) >= 0 else {
            throw Self.failure("write", name.part)
        }
    }

    // MARK: - Writing

    package func write(_ records: ObjectReading.Records) throws {
        try records.plaintext.withUnsafeReadableBytes { try write($0, to: descriptor) }
        if let seals { try records.seals.withUnsafeReadableBytes { try write($0, to: seals) } }
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0, to: descriptor) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try write(bytes, to: descriptor) }

    private func write(_ bytes: UnsafeRawBufferPointer, to file: CInt) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(file, part.baseAddress, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("write", name.target) }
            rest = rest.dropFirst(count)
        }
    }

    /// Puts the file in its place.
    package func finish(mode: UInt16, modified: Instant) throws {
        // What was kept until now is gone from here on.
        if seals != nil, fdatasync(descriptor) != 0 { throw Self.failure("write", name.target) }
        fchmod(descriptor, mode_t(mode))
        let seconds = modified.milliseconds.quotientAndRemainder(dividingBy: 1_000)
        let time = timespec(tv_sec: Int(seconds.quotient), tv_nsec: Int(max(seconds.remainder, 0)) * 1_000_000)
        var times = [time, time]
        _ = futimens(descriptor, &times)
        if seals != nil { unlink(name.seals) }
        guard rename(name.part, name.target) == 0 else { throw Self.failure("save", name.target) }
        isFinished.store(true, ordering: .releasing)
    }

    private static func failure(_ verb: String, _ path: String) -> NodeError {
        let reason = errno
        let isFull = reason == ENOSPC || reason == EDQUOT
        return NodeError(isFull ? .full : .file, "cannot \(verb) \(path): \(errorText(reason))")
    }
}
