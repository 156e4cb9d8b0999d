import Core
import NIOCore

/// What the gateway needs from storage and from the mesh.
///
/// Everything that comes back is verified: no method returns bytes that do not belong to the CID they were asked by.
public protocol ContentSource: Sendable {
    /// A block that lies on this machine, `nil` when it does not; reads the disk, called off the event loop.
    func localBlock(_ cid: CID) throws -> ByteBuffer?

    /// Makes the blocks on `path` under `root` local, and of what lies there the first bytes; asks other nodes.
    ///
    /// - Parameter bytes: What part of the file at the path is about to be sent, `nil` for all of it.
    func fetchEntity(root: CID, path: [String], bytes: ClosedRange<UInt64>?) async throws(ContentUnavailable)

    /// Makes `cids`, in order of need, local.
    func fetchBlocks(_ cids: [CID], under root: CID) async throws(ContentUnavailable)

    /// Where on disk the bytes of these raw leaves lie, neighbours joined; `nil` when a leaf is not local.
    ///
    /// The extents' lengths add up to the leaves' lengths. Each leaf was hashed since this process opened the file that
    /// it lies in. Reads the disk, called off the event loop.
    func extents(of leaves: [CID]) throws -> [FileExtent]?

    /// What `name` points to now, `nil` when nobody knows; asks other nodes.
    func resolve(_ name: PublisherID) async -> NameResolution?

    /// Whether a request for this root can begin to be answered without asking other nodes; called off the event loop.
    func isLocalRoot(_ cid: CID) -> Bool
}

/// An open file that extents point into.
///
/// As long as someone holds the object, the descriptor stays open and the extents' bytes are not given to other blocks.
public protocol ExtentFile: AnyObject, Sendable {
    /// A descriptor for reading; shared, so nobody moves its file offset.
    var descriptor: CInt { get }

    /// Whether the file is still the one whose extents were verified; asked before every use, on an event loop, so it
    /// takes at most one `fstat`.
    func isUnchanged() -> Bool
}

/// A piece of a file on disk.
public struct FileExtent: Sendable {
    public var file: any ExtentFile
    /// In bytes from the file's start.
    public var offset: Int
    /// In bytes.
    public var length: Int

    public init(file: any ExtentFile, offset: Int, length: Int) {
        self.file = file
        self.offset = offset
        self.length = length
    }
}

/// What a name points to.
public struct NameResolution: Sendable {
    public var root: CID
    /// How long the answer may be used, in seconds.
    public var ttl: Int
    /// The signed IPNS record.
    public var record: [UInt8]

    public init(root: CID, ttl: Int, record: [UInt8]) {
        self.root = root
        self.ttl = ttl
        self.record = record
    }
}

/// Why content cannot be had.
public struct ContentUnavailable: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// Nobody in the mesh has it: 404.
        public static let notFound = Code(name: "notFound")
        /// It may exist, but did not come in time: 504, try again.
        public static let timedOut = Code(name: "timedOut")
        /// What came does not have the hash that it was asked by: 502.
        public static let unverifiable = Code(name: "unverifiable")
        /// This node cannot take it in now (a full disk, a shutdown): 503.
        public static let refused = Code(name: "refused")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.name): \(message)" }
}
