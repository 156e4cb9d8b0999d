import GRDB
import Glibc

/// Why the record store could not do what it was asked to.
public struct RecordStoreError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The file system or the database refused.
        case io
        /// The disk is full, or one of the store's limits would be passed.
        case full
        /// What lies on the disk is not what this store wrote.
        case corrupt
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "record store (\(code.rawValue)): \(message)" }
}

extension RecordStoreError {
    /// Puts what the database said into this module's terms; an error of this module stays as it is.
    init(doing work: String, _ error: any Error) {
        if let own = error as? RecordStoreError {
            self = own
            return
        }
        guard let failure = error as? DatabaseError else {
            self.init(.io, "\(work) failed: \(error)")
            return
        }
        let said = failure.message ?? "SQLite result \(failure.extendedResultCode.rawValue)"
        switch failure.resultCode {
        case .SQLITE_FULL: self.init(.full, "\(work) failed: \(said); free some disk space")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self.init(.corrupt, "\(work) failed: \(said); restart the node")
        default: self.init(.io, "\(work) failed: \(said)")
        }
    }
}

extension RecordStoreError {
    /// The error of a system call, by default of the one that just failed on this thread.
    static func system(_ work: String, _ number: CInt = errno) -> RecordStoreError {
        // Of glibc's making: each thread has its own text.
        let reason = strerror(number).map { String(cString: $0) } ?? "error \(number)"
        let full = number == ENOSPC || number == EDQUOT
        return RecordStoreError(full ? .full : .io, "\(work): \(reason)")
    }
}
