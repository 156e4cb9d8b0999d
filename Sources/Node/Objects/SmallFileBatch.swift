import Core
import NIOCore
import Namespace
import Objects

/// Files of one record each, opened and written together: ten thousand of them are not worth as many changes of threads.
struct SmallFileBatch: Sendable {
    /// Most files written at once.
    static let filesMax = 64

    private struct File: Sendable {
        let entry: NamespaceEntry
        let path: String
        let identity: Digest
        let ciphers: RecordCiphers
        let sealed: ByteBuffer
    }

    private var files: [File] = []

    var isEmpty: Bool { files.isEmpty }
    var count: Int { files.count }
    var isFull: Bool { files.count >= Self.filesMax }

    /// Where an entry lies that may be written together with others; `nil` for what takes a way of its own.
    static func window(of entry: NamespaceEntry) -> (object: SealedObject, window: SegmentWindow)? {
        guard case .object(let object) = entry.content, let extent = object.extents.first, object.extents.count == 1,
            Int(extent.byteCount) <= ObjectCipher.recordBytesMax, Int(extent.byteCount) > ObjectCipher.tagByteCount
        else { return nil }
        let windows = SegmentWindow.all(of: extent)
        return windows.count == 1 ? windows.first.map { (object, $0) } : nil
    }

    mutating func append(_ entry: NamespaceEntry, at path: String, _ object: SealedObject, sealed: ByteBuffer) throws {
        let identity = ObjectIdentity.digest(of: object)
        let ciphers = try RecordCiphers(object)
        files.append(File(entry: entry, path: path, identity: identity, ciphers: ciphers, sealed: sealed))
    }

    /// Writes all; blocks.
    ///
    /// - Parameter record: Where each is noted that is whole.
    /// - Returns: Bytes written.
    /// - Throws: ``ObjectsError`` `.badSeal`, ``NodeError`` that names the path.
    func write(notingIn record: FolderRecord?) throws -> Int {
        try files.reduce(0) { sum, file in
            let count = try Self.write(file)
            record?.note(file.entry, at: file.path)
            return sum + count
        }
    }

    private static func write(_ file: File) throws -> Int {
        let count = file.sealed.readableBytes - ObjectCipher.tagByteCount
        guard count == Int(clamping: file.entry.size) else {
            throw NodeError(.corrupt, "\(file.entry.name) has \(count) bytes, it was stored with \(file.entry.size)")
        }
        let plaintext = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
        defer { plaintext.deallocate() }
        let cipher = file.ciphers.cipher(of: 0)
        try file.sealed.withUnsafeReadableBytes { try cipher.open(record: 0, isLast: true, $0, into: plaintext) }
        let target = try TargetFile(file.path, identity: file.identity, keeps: false)
        try target.write(UnsafeRawBufferPointer(plaintext))
        try target.finish(mode: file.entry.mode, modified: file.entry.modified)
        return count
    }
}
