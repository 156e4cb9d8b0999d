import Files
import GRDB

/// What the system or the index reported to a store that keeps volumes and an index.
package struct StoreFailure {
    package enum Kind {
        /// No space is left, for a volume or for the index.
        case diskFull
        case diskFailed
        /// The index is no longer a sound database.
        case indexDamaged
        case indexFailed
    }

    package let kind: Kind
    /// The file that it is about.
    package let path: String?
    package let cause: any Error

    /// `nil` for an error of neither, such as a store's own.
    package init?(_ error: any Error) {
        switch error {
        case let error as SystemCallError:
            kind = error.isDiskFull ? .diskFull : .diskFailed
            path = error.path.isEmpty ? nil : error.path
        case let error as DatabaseError:
            kind =
                switch error.resultCode {
                case .SQLITE_FULL: .diskFull
                case .SQLITE_CORRUPT, .SQLITE_NOTADB: .indexDamaged
                default: .indexFailed
                }
            path = nil
        default: return nil
        }
        cause = error
    }
}
