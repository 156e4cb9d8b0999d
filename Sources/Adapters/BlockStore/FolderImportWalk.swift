import Content
import Core
import Files
import Glibc

/// The walk of one import: folders from the bottom up, files in order.
final class FolderImportWalk {
    struct Node {
        let cid: CID
        let tsize: UInt64
    }

    /// Why an entry is left out.
    private struct Refusal: Error {
        let reason: String
    }

    /// Entries whose status is looked up at once, where an earlier import is to be compared with.
    private static let statusesMax = 4_096

    private var sink: any BlockSink
    private let options: ImportOptions
    private var known: ImportMemoryCursor?
    private let progress: (ImportProgress) throws -> Void
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: FileDAGBuilder.leafBytes, alignment: 4096)
    private var tally = Tally()
    private var steps = 0
    /// Files as they were when they were imported.
    private(set) var seen: ImportMemoryWriter

    private struct Tally {
        var files = 0
        var folders = 0
        var symlinks = 0
        var fileBytes = 0
        var unchangedFiles = 0
        var hiddenEntries = 0
        var hidesWellKnown = false
        var skipped: [SkippedEntry] = []
    }

    init(
        sink: some BlockSink,
        options: ImportOptions,
        known: ImportMemoryCursor?,
        seen: ImportMemoryWriter,
        progress: @escaping (ImportProgress) throws -> Void
    ) {
        self.sink = sink
        self.options = options
        self.known = known
        self.seen = seen
        self.progress = progress
    }

    deinit {
        buffer.deallocate()
    }

    func report(root: CID) -> ImportReport {
        var report = ImportReport(root: root)
        report.files = tally.files
        report.folders = tally.folders
        report.symlinks = tally.symlinks
        report.fileBytes = tally.fileBytes
        report.unchangedFiles = tally.unchangedFiles
        report.hiddenEntries = tally.hiddenEntries
        report.hidesWellKnown = tally.hidesWellKnown
        report.skipped = tally.skipped
        return report
    }

    var progressNow: ImportProgress {
        ImportProgress(entries: tally.files + tally.folders + tally.symlinks, bytes: tally.fileBytes)
    }

    private func step() throws {
        steps += 1
        if steps % FolderImport.progressStep == 0 { try progress(progressNow) }
    }

    // MARK: - Folders

    func folder(_ folder: SourceFolder, path: String, depth: Int) throws -> Node {
        guard depth <= FolderImport.depthMax else {
            throw BlockStoreError(
                .tooLarge,
                "\(path) lies deeper than \(FolderImport.depthMax) folders; move it up",
                path: path
            )
        }
        var entries: [DirectoryEntry] = []
        let listed = try list(folder, path)
        var statuses: [SourceFolder.EntryStatus?] = []
        for (number, entry) in listed.enumerated() {
            if known != nil, number % Self.statusesMax == 0 {
                statuses = folder.statuses(listed[number..<min(number + Self.statusesMax, listed.count)])
            }
            if entry.name.first == UInt8(ascii: "."), !options.includesHidden {
                tally.hiddenEntries += 1
                if entry.name.elementsEqual(".well-known".utf8) { tally.hidesWellKnown = true }
                continue
            }
            let name = Self.readable(entry.name)
            let below = path.isEmpty ? name.text : path + "/" + name.text
            do {
                guard name.isUTF8 else { throw Refusal(reason: "its name is not UTF-8") }
                let status = statuses.isEmpty ? nil : statuses[number % Self.statusesMax]
                let node =
                    try unchanged(status, path: below) ?? self.node(entry, in: folder, path: below, depth: depth)
                entries.append(DirectoryEntry(name: name.text, cid: node.cid, tsize: node.tsize))
                try step()
            } catch let refusal as Refusal {
                try skip(below, refusal)
            }
        }
        tally.folders += 1
        do {
            let (root, tsize, blocks) = try DirectoryBuilder.build(entries)
            for block in blocks { try take(block) }
            return Node(cid: root, tsize: tsize)
        } catch let error as ContentError {
            throw BlockStoreError(.unsupportedEntry, "the folder \(path): \(error.message)", path: path, cause: error)
        }
    }

    private func list(_ folder: SourceFolder, _ path: String) throws -> [SourceFolder.Entry] {
        do {
            return try folder.entries()
        } catch {
            guard !path.isEmpty else {
                throw BlockStoreError(.unsupportedEntry, "the folder cannot be listed: \(error.reason)", cause: error)
            }
            throw Refusal(reason: "it cannot be listed: \(error.reason)")
        }
    }

    private func node(
        _ entry: SourceFolder.Entry,
        in folder: SourceFolder,
        path: String,
        depth: Int
    ) throws -> Node {
        do {
            switch try entry.kind ?? SourceFolder.kind(ofMode: folder.status(entry.name).st_mode) {
            case .file: return try file(folder.openFile(entry.name), path: path)
            case .folder: return try self.folder(folder.openFolder(entry.name), path: path, depth: depth + 1)
            case .symlink: return try symlink(folder.target(entry.name))
            case .other: throw Refusal(reason: "it is a socket, a pipe or a device")
            }
        } catch let error as SystemCallError {
            guard !error.isMissing, error.number != ELOOP, error.number != ENOTDIR else { throw Self.changed(path) }
            throw Refusal(reason: "it cannot be read: \(error.reason)")
        }
    }

    private func symlink(_ target: [UInt8]) throws -> Node {
        guard let text = String(validating: target, as: UTF8.self) else {
            throw Refusal(reason: "the target of the link is not UTF-8")
        }
        let block = try DirectoryBuilder.symlink(to: text)
        try take(block)
        tally.symlinks += 1
        return Node(cid: block.cid, tsize: UInt64(block.bytes.count))
    }

    private func skip(_ path: String, _ refusal: Refusal) throws {
        guard options.skipsUnreadable else {
            throw BlockStoreError(
                .unsupportedEntry,
                "\(path): \(refusal.reason); remove it, or leave such entries out with --skip-unreadable",
                path: path
            )
        }
        guard tally.skipped.count < FolderImport.skippedMax else {
            throw BlockStoreError(
                .tooLarge,
                "more than \(FolderImport.skippedMax) entries cannot be imported, the last is \(path)",
                path: path
            )
        }
        tally.skipped.append(SkippedEntry(path: path, reason: refusal.reason))
    }

    // MARK: - Files

    func file(_ file: consuming SourceFile, path: String) throws -> Node {
        let status = try file.status()
        guard SourceFolder.kind(ofMode: status.st_mode) == .file else { throw Self.changed(path) }
        let stamp = FileStamp(status)
        var builder = FileDAGBuilder()
        var position = 0
        while position < stamp.size || position == 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, stamp.size - position)])
            guard try file.read(into: part) == part.count else { throw Self.changed(path) }
            guard !part.isEmpty else { break }
            let bytes = UnsafeRawBufferPointer(part)
            let cid = CID(codec: .raw, hash: .sha256(Digest(hashing: bytes)))
            try sink.take(cid, bytes)
            for block in builder.addLeaf(cid, size: UInt64(part.count)) { try take(block) }
            position += part.count
            tally.fileBytes += part.count
            if part.count == buffer.count { try step() }
        }
        guard try FileStamp(file.status()) == stamp else { throw Self.changed(path) }
        let (root, _, tsize, blocks) = builder.finish()
        for block in blocks { try take(block) }
        tally.files += 1
        seen.append(path, ImportMemoryEntry(stamp: stamp, cid: root, tsize: tsize))
        return Node(cid: root, tsize: tsize)
    }

    /// The node of a file that an earlier import saw and that has not changed since.
    ///
    /// - Parameter status: What there is now; `nil` when there is nothing to compare with.
    private func unchanged(_ status: SourceFolder.EntryStatus?, path: String) throws -> Node? {
        guard let status, let (file, encoded) = known?.find(path), status.kind == .file, status.stamp == file.stamp
        else { return nil }
        tally.files += 1
        tally.unchangedFiles += 1
        tally.fileBytes += file.stamp.size
        seen.append(encoded: encoded)
        return Node(cid: file.cid, tsize: file.tsize)
    }

    private func take(_ block: Block) throws {
        try block.bytes.withUnsafeBytes { try sink.take(block.cid, $0) }
    }

    private static func changed(_ path: String) -> BlockStoreError {
        BlockStoreError(
            .changedWhileReading,
            "\(path) changed while it was read; try again when nothing writes to it",
            path: path
        )
    }

    /// A name as text; bytes that are no UTF-8 are written as `\xNN`.
    private static func readable(_ name: [UInt8]) -> (text: String, isUTF8: Bool) {
        if let text = String(validating: name, as: UTF8.self) { return (text, true) }
        let text = name.map { byte in
            let hex = String(byte, radix: 16)
            return (0x20..<0x7F).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + hex
        }
        return (text.joined(), false)
    }
}
