import Glibc

/// Holds a folder for this process, by its file `lock`, until the last reference is gone.
///
/// The system drops the lock when the process ends, however it ends.
package final class FolderLock: Sendable {
    private let descriptor: CInt

    /// Makes the file where it is missing; `nil` when another process holds the folder.
    ///
    /// - Throws: ``SystemCallError`` when the file cannot be opened.
    package init?(_ folder: String) throws(SystemCallError) {
        let path = folder + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
