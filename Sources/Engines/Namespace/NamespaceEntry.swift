import Core
import Owners

/// What one write of one device says of one name.
public struct NamespaceEntry: Hashable, Sendable {
    /// What is at the name.
    public enum Content: Hashable, Sendable {
        /// A file of at most ``NamespaceEntry/inlineBytesMax`` bytes, which stand here.
        case inline([UInt8])
        /// A file whose ciphertext lies in segments.
        case object(SealedObject)
        case symlink(target: String)
        /// A folder of its own; folders that have something below them need no entry.
        case folder
        /// The name is gone: hides every earlier entry.
        case removed
        /// Something that a later version of this program wrote; kept, and shown as nothing.
        case unknown(kind: UInt64, CBOR)
    }

    public let name: ObjectName
    public let stamp: NamespaceStamp
    /// Highest counter that the writer had seen of any *other* device: it knew of their writes up to there.
    ///
    /// One number for all others keeps entries small; with three devices or more a write that arrives late can therefore
    /// count as seen. Which write wins does not depend on it, only whether a conflict is reported.
    public let base: UInt64
    /// When it was written, by the writer's clock.
    public let written: Instant
    /// Permission bits; at most ``modeMax``.
    public let mode: UInt16
    /// The file's own time of modification.
    public let modified: Instant
    /// Bytes of plaintext; 0 for all but files.
    public let size: UInt64
    /// Until when the object's segments are held unless the lease is renewed.
    public let leaseEnd: Instant
    public let content: Content
    /// What a later version of this program added; kept as it came.
    package let trailing: [CBOR]

    public static let modeMax: UInt16 = 0o777
    public static let inlineBytesMax = 256
    /// Longest target of a symbolic link, in bytes of UTF-8.
    public static let targetBytesMax = 4_096

    /// - Throws: ``NamespaceError`` `.outOfRange` for a mode, inline content, target or size outside of its limits.
    public init(
        name: ObjectName,
        stamp: NamespaceStamp,
        base: UInt64,
        written: Instant,
        content: Content,
        size: UInt64 = 0,
        mode: UInt16 = 0,
        modified: Instant = Instant(milliseconds: 0),
        leaseEnd: Instant = Instant(milliseconds: 0)
    ) throws(NamespaceError) {
        try self.init(
            name: name,
            stamp: stamp,
            base: base,
            written: written,
            content: content,
            size: size,
            mode: mode,
            modified: modified,
            leaseEnd: leaseEnd,
            trailing: []
        )
    }

    package init(
        name: ObjectName,
        stamp: NamespaceStamp,
        base: UInt64,
        written: Instant,
        content: Content,
        size: UInt64,
        mode: UInt16,
        modified: Instant,
        leaseEnd: Instant,
        trailing: [CBOR]
    ) throws(NamespaceError) {
        guard stamp.counter <= NamespaceStamp.counterMax, base < stamp.counter else {
            throw NamespaceError(.outOfRange, "\"\(name)\" was written at \(stamp.counter) after seeing \(base)")
        }
        guard mode <= Self.modeMax else {
            throw NamespaceError(.outOfRange, "mode \(mode) of \"\(name)\" is above 0o777")
        }
        try Self.check(content, size: size, of: name)
        self.name = name
        self.stamp = stamp
        self.base = base
        self.written = written
        self.content = content
        self.size = size
        self.mode = mode
        self.modified = modified
        self.leaseEnd = leaseEnd
        self.trailing = trailing
    }

    public var isRemoved: Bool { content == .removed }

    private static func check(_ content: Content, size: UInt64, of name: ObjectName) throws(NamespaceError) {
        switch content {
        case .inline(let bytes):
            guard bytes.count <= inlineBytesMax, size == UInt64(bytes.count) else {
                throw NamespaceError(.outOfRange, "\"\(name)\" has \(bytes.count) bytes inline and size \(size)")
            }
        case .object, .unknown: return
        case .symlink(let target):
            guard size == 0, (1...targetBytesMax).contains(target.utf8.count), !target.utf8.contains(0) else {
                throw NamespaceError(.outOfRange, "\"\(name)\" links to a target of \(target.utf8.count) bytes")
            }
        case .folder, .removed:
            guard size == 0 else { throw NamespaceError(.outOfRange, "\"\(name)\" is no file and has size \(size)") }
        }
    }
}
