/// What is asked of the operating system for volumes, and for small files that must outlive the power.
///
/// The one seam through which they are read and written, so that tests can fail every single operation. All calls
/// block. Errors are ``SystemCallError``.
public protocol FileSystem: Sendable {
    /// - Parameter mode: whether the file is read, written, or made; made files must not exist before.
    func open(_ path: String, _ mode: FileMode) throws(SystemCallError) -> CInt
    func close(_ descriptor: CInt)
    /// - Returns: How many bytes were written, at least one unless `bytes` is empty.
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, at offset: Int) throws(SystemCallError) -> Int
    /// - Returns: How many bytes were read, 0 at the end of the file.
    func read(_ bytes: UnsafeMutableRawBufferPointer, from descriptor: CInt, at offset: Int) throws(SystemCallError)
        -> Int
    /// Lets the system begin to bring a range to stable storage, so that ``synchronize(_:)`` has less to wait for; does nothing
    /// where that is not possible, and promises nothing.
    func beginSynchronizing(_ descriptor: CInt, _ range: Range<Int>)
    /// Returns when the file's bytes and length are on stable storage.
    func synchronize(_ descriptor: CInt) throws(SystemCallError)
    /// Returns when the folder's entries are on stable storage.
    func synchronizeFolder(_ path: String) throws(SystemCallError)
    func truncate(_ descriptor: CInt, to length: Int) throws(SystemCallError)
    /// Gives the space of a range back, the range then reads as zeros and the length stays.
    ///
    /// - Returns: `false` if the file system cannot do that.
    func punchHole(_ descriptor: CInt, _ range: Range<Int>) throws(SystemCallError) -> Bool
    func remove(_ path: String) throws(SystemCallError)
    /// Gives a file another name in the same folder, in place of the file that had it.
    func rename(_ path: String, to newPath: String) throws(SystemCallError)
    func stamp(_ descriptor: CInt) throws(SystemCallError) -> FileStamp
    /// The names in a folder, in no particular order.
    func names(inFolder path: String) throws(SystemCallError) -> [String]
    func makeFolder(_ path: String) throws(SystemCallError)
    /// Changes when the machine starts anew, and with that page caches are lost; empty when it is not known.
    func bootIdentity() -> String
}

/// How a file is opened.
public enum FileMode: Sendable {
    case read, write, create
}

/// What tells whether a file was changed: identity, size and times.
public struct FileStamp: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64
    /// In bytes.
    public var size: Int
    /// In nanoseconds since 1970.
    public var modified: Int64
    /// In nanoseconds since 1970.
    public var changed: Int64

    public init(device: UInt64, inode: UInt64, size: Int, modified: Int64, changed: Int64) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modified = modified
        self.changed = changed
    }
}

extension FileSystem {
    /// Writes all of `bytes`, in as many calls as that takes.
    public func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, at offset: Int) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            done += try write(UnsafeRawBufferPointer(rebasing: bytes[done...]), to: descriptor, at: offset + done)
        }
    }

    /// Writes all of `bytes`, in as many calls as that takes.
    public func writeAll(_ bytes: [UInt8], to descriptor: CInt, at offset: Int) throws(SystemCallError) {
        let result = bytes.withUnsafeBytes { region in
            Result { () throws(SystemCallError) in try writeAll(region, to: descriptor, at: offset) }
        }
        try result.get()
    }

    /// Reads until `bytes` is full or the file ends.
    ///
    /// - Returns: How many bytes were read.
    public func readAll(
        _ bytes: UnsafeMutableRawBufferPointer,
        from descriptor: CInt,
        at offset: Int
    ) throws(SystemCallError) -> Int {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
            let count = try read(rest, from: descriptor, at: offset + done)
            guard count > 0 else { break }
            done += count
        }
        return done
    }
}
