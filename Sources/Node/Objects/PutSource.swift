import Core
import Files
import Glibc
import Namespace

/// What a `put` finds at the paths it was given, in order, one entry at a time.
struct PutSource {
    enum Kind {
        /// Open for reading; whoever takes the entry closes it.
        case file(CInt, size: Int)
        case symlink(String)
        /// A folder with nothing in it.
        case emptyFolder
    }

    struct Entry {
        let name: ObjectName
        let kind: Kind
        let mode: UInt16
        let modified: Instant
        let path: String

        /// Closes the file, for who does not read it.
        func close() { if case .file(let descriptor, _) = kind { Glibc.close(descriptor) } }

        var isEmptyFolder: Bool { if case .emptyFolder = kind { true } else { false } }
    }

    /// Folders in folders.
    static let depthMax = 256
    /// Entries that are left out and named.
    static let skippedMax = 1_000

    let includesHidden: Bool
    let skipsUnreadable: Bool
    private(set) var skipped: [String] = []

    init(includesHidden: Bool, skipsUnreadable: Bool) {
        self.includesHidden = includesHidden
        self.skipsUnreadable = skipsUnreadable
    }

    /// Why an entry is left out.
    private struct Refusal: Error {
        let reason: String
    }

    /// Visits a file, or a folder and all below it.
    ///
    /// - Throws: ``NodeError`` `.badInput` that names the path, and what `visit` throws.
    mutating func walk(_ path: String, as name: String, visit: (Entry) async throws -> Void) async throws {
        let top = try Self.name(name, path)
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw NodeError(errno == ENOENT ? .notFound : .badInput, "\(path) cannot be read: \(errorText(errno))")
        }
        switch SourceFolder.kind(ofMode: status.st_mode) {
        case .folder:
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw NodeError(.badInput, "\(path) cannot be listed: \(errorText(errno))")
            }
            try await folder(SourceFolder(descriptor: descriptor), status, path, top, depth: 0, visit)
        case .file:
            let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
                throw NodeError(.badInput, "\(path) cannot be read: \(errorText(errno))")
            }
            let kind = Kind.file(descriptor, size: Int(status.st_size))
            try await visit(Self.entry(top, kind, status, path))
        case .symlink, .other:
            throw NodeError(.badInput, "\(path) is neither a file nor a folder")
        }
    }

    private mutating func folder(
        _ folder: SourceFolder,
        _ status: stat,
        _ path: String,
        _ name: ObjectName,
        depth: Int,
        _ visit: (Entry) async throws -> Void
    ) async throws {
        guard depth <= Self.depthMax else {
            throw NodeError(.badInput, "\(path) lies deeper than \(Self.depthMax) folders; move it up")
        }
        let entries: [SourceFolder.Entry]
        do { entries = try folder.entries() } catch {
            return try skip(path, "it cannot be listed: \(error.reason)")
        }
        var isEmpty = true
        for entry in entries where includesHidden || entry.name.first != UInt8(ascii: ".") {
            try Task.checkCancellation()
            isEmpty = false
            guard let text = String(validating: entry.name, as: UTF8.self) else {
                try skip(path + "/" + String(decoding: entry.name, as: UTF8.self), "its name is not UTF-8")
                continue
            }
            let below = path + "/" + text
            do {
                try await child(entry, text, in: folder, below, name, depth: depth, visit)
            } catch let refusal as Refusal {
                try skip(below, refusal.reason)
            }
        }
        if isEmpty { try await visit(Self.entry(name, .emptyFolder, status, path)) }
    }

    private mutating func child(
        _ entry: SourceFolder.Entry,
        _ text: String,
        in folder: SourceFolder,
        _ path: String,
        _ parent: ObjectName,
        depth: Int,
        _ visit: (Entry) async throws -> Void
    ) async throws {
        let name = try Self.name(parent.text + "/" + text, path)
        do {
            let status = try folder.status(entry.name)
            switch SourceFolder.kind(ofMode: status.st_mode) {
            case .folder:
                let below = try folder.openFolder(entry.name)
                try await self.folder(below, status, path, name, depth: depth + 1, visit)
            case .file:
                let (descriptor, opened) = try folder.openFile(entry.name).release()
                try await visit(Self.entry(name, .file(descriptor, size: Int(opened.st_size)), opened, path))
            case .symlink:
                guard let target = String(validating: try folder.target(entry.name), as: UTF8.self) else {
                    throw Refusal(reason: "the target of the link is not UTF-8")
                }
                try await visit(Self.entry(name, .symlink(target), status, path))
            case .other: throw Refusal(reason: "it is a socket, a pipe or a device")
            }
        } catch let error as SystemCallError {
            throw Refusal(reason: "it cannot be read: \(error.reason)")
        }
    }

    private mutating func skip(_ path: String, _ reason: String) throws {
        guard skipsUnreadable else {
            throw NodeError(
                .badInput,
                "\(path): \(reason); remove it, or leave such entries out with --skip-unreadable"
            )
        }
        guard skipped.count < Self.skippedMax else {
            throw NodeError(.badInput, "more than \(Self.skippedMax) entries cannot be read, the last is \(path)")
        }
        skipped.append(path)
    }

    private static func name(_ text: String, _ path: String) throws -> ObjectName {
        do { return try ObjectName(text) } catch {
            throw NodeError(.badInput, "\(path) cannot be stored under the name \"\(text)\": \(error.message)")
        }
    }

    private static func entry(_ name: ObjectName, _ kind: Kind, _ status: stat, _ path: String) -> Entry {
        let modified = Int64(status.st_mtim.tv_sec) * 1_000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        return Entry(
            name: name,
            kind: kind,
            mode: UInt16(truncatingIfNeeded: status.st_mode & 0o777),
            modified: Instant(milliseconds: modified),
            path: path
        )
    }
}
