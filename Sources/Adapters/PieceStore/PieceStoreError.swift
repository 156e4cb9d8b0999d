import Core
import SQLite

/// Why the piece store did not do what it was asked.
public struct PieceStoreError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// The piece is here already and sound, or is being written.
        public static let alreadyStored = Code(name: "alreadyStored")
        /// The owner removed the segment.
        public static let tombstoned = Code(name: "tombstoned")
        /// The segment is held for another owner.
        public static let wrongOwner = Code(name: "wrongOwner")
        /// The owner has used up what one owner may store here.
        public static let ownerLimit = Code(name: "ownerLimit")
        /// The space that is lent for pieces is used up.
        public static let full = Code(name: "full")
        /// Over a named limit, too many writers at once among them.
        public static let limit = Code(name: "limit")
        /// A value that no piece can have, or units out of order.
        public static let invalid = Code(name: "invalid")
        /// The units do not add up to the announced Merkle root.
        public static let wrongRoot = Code(name: "wrongRoot")
        /// There is no such piece, segment or unit here.
        public static let notStored = Code(name: "notStored")
        /// The stored bytes no longer have their hashes; the piece has to be repaired.
        public static let damaged = Code(name: "damaged")
        /// The disk itself has no space left.
        public static let diskFull = Code(name: "diskFull")
        /// The operating system or the index failed.
        public static let ioFailed = Code(name: "ioFailed")
        /// The index is no longer a sound database; the next open rebuilds it from the volumes.
        public static let damagedIndex = Code(name: "damagedIndex")
        /// Another process has the store open.
        public static let inUse = Code(name: "inUse")
        /// The store was written by a newer version.
        public static let newerFormat = Code(name: "newerFormat")
        /// The segment's lease was extended while the piece's header was written; never leaves this module.
        static let leaseMoved = Code(name: "leaseMoved")
    }

    public var code: Code
    public var message: String
    /// The file that it is about.
    public var path: String?
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, path: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.cause = cause
    }

    public var description: String { "\(code.name): \(message)" + (cause.map { " (\($0))" } ?? "") }
}

extension PieceStoreError {
    init(_ failure: StoreFailure) {
        let (code, message): (Code, String) =
            switch failure.kind {
            case .diskFull: (.diskFull, "the disk is full; free some space and try again")
            case .diskFailed: (.ioFailed, "the piece store's disk failed")
            case .indexDamaged:
                (.damagedIndex, "the piece index is damaged; it is rebuilt when the store is opened again")
            case .indexFailed: (.ioFailed, "the piece index failed")
            }
        self.init(code, message, path: failure.path, cause: failure.cause)
    }
}
