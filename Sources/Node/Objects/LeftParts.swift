import Files
import Glibc

/// Parts of files (``PartName``) that nobody goes on with.
enum LeftParts {
    /// Removes those in a folder that nobody writes just now; blocks.
    ///
    /// - Parameters:
    ///   - file: The file whose parts go; `nil` for any.
    ///   - isKept: Names that look like parts and are none.
    static func remove(in folder: String, of file: String? = nil, unless isKept: (String) -> Bool = { _ in false }) {
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, let entries = try? SourceFolder(descriptor: descriptor).entries() else { return }
        for entry in entries {
            guard let name = String(validating: entry.name, as: UTF8.self), PartName.isPart(name, of: file),
                !isKept(name)
            else { continue }
            let path = folder.hasSuffix("/") || folder.isEmpty ? folder + name : folder + "/" + name
            let part = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            guard part >= 0 else { continue }
            defer { close(part) }
            var status = stat()
            guard fstat(part, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
                flock(part, LOCK_EX | LOCK_NB) == 0
            else { continue }
            unlink(path)
        }
    }
}
