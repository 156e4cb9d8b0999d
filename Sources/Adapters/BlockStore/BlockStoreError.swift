import Core
import SQLite

/// Why the block store, an import or an export did not do what it was asked.
public struct BlockStoreError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// The space that is lent for blocks is used up.
        public static let full = Code(name: "full")
        /// The disk itself has no space left.
        public static let diskFull = Code(name: "diskFull")
        /// The operating system or the index failed.
        public static let ioFailed = Code(name: "ioFailed")
        /// A stored block no longer has its hash and has to be fetched again; it was withdrawn, unless `cause` says why not.
        public static let corrupt = Code(name: "corrupt")
        /// A DAG cannot be pinned or exported because a block is not here; `cid` names it.
        public static let incomplete = Code(name: "incomplete")
        /// A block is too large, does not have its hash, or is no valid node.
        public static let badBlock = Code(name: "badBlock")
        /// Over a named limit.
        public static let tooLarge = Code(name: "tooLarge")
        /// The index is no longer a sound database.
        public static let damagedIndex = Code(name: "damagedIndex")
        /// Another process has the store open.
        public static let inUse = Code(name: "inUse")
        /// The store was written by a newer version.
        public static let newerFormat = Code(name: "newerFormat")
        /// The path does not exist.
        public static let notFound = Code(name: "notFound")
        /// A socket, a device, an unreadable file or a name that is not UTF-8; `path` names it.
        public static let unsupportedEntry = Code(name: "unsupportedEntry")
        /// A file changed while it was imported; `path` names it.
        public static let changedWhileReading = Code(name: "changedWhileReading")
        /// The caller asked to stop.
        public static let cancelled = Code(name: "cancelled")
    }

    public var code: Code
    public var message: String
    /// The block that it is about.
    public var cid: CID?
    /// The file that it is about.
    public var path: String?
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cid: CID? = nil, path: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cid = cid
        self.path = path
        self.cause = cause
    }

    public var description: String { "\(code.name): \(message)" + (cause.map { " (\($0))" } ?? "") }
}

extension BlockStoreError {
    init(_ failure: StoreFailure) {
        let (code, message): (Code, String) =
            switch failure.kind {
            case .diskFull: (.diskFull, "the disk is full; free some space and try again")
            case .diskFailed: (.ioFailed, "the block store's disk failed")
            case .indexDamaged:
                (
                    .damagedIndex,
                    "the block index is damaged; move the folder `blocks` aside, start again, and publish again"
                )
            case .indexFailed: (.ioFailed, "the block index failed")
            }
        self.init(code, message, path: failure.path, cause: failure.cause)
    }
}
