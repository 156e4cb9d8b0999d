import BlockStore
import Core
import Glibc

/// A CAR v1 file on this machine.
package struct ArchiveFile {
    /// How much is read or written at a time, in bytes.
    static let pieceBytes = 1 << 20

    let path: String

    package init(path: String) {
        self.path = path
    }

    /// Takes the blocks in and pins the archive's roots, all or nothing.
    ///
    /// - Returns: The roots.
    /// - Throws: ``NodeError`` with the file's path, ``BlockStoreError``.
    package func load(into store: BlockStore, owner: String, progress: (Int) -> Void) throws -> [CID] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw NodeError(errno == ENOENT ? .notFound : .badInput, "cannot open \(path): \(errorText(errno))")
        }
        defer { close(descriptor) }
        var taken = 0
        do {
            let report = try store.importCAR(owner: owner, at: Clock.now()) {
                let piece = try readPiece(descriptor)
                taken += piece?.count ?? 0
                progress(taken)
                return piece
            }
            return report.roots
        } catch let error as BlockStoreError where error.code == .badBlock || error.code == .incomplete {
            throw NodeError(.badInput, "\(path) is not a valid CAR file: \(error.message)")
        }
    }

    private func readPiece(_ descriptor: Int32) throws(NodeError) -> [UInt8]? {
        var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw NodeError(.badInput, "cannot read \(path): \(errorText(errno))") }
            return count == 0 ? nil : Array(piece[..<count])
        }
    }

    /// Writes the DAG under `root`, all of which must be here; the file is complete or absent.
    ///
    /// - Returns: Bytes written.
    package func save(_ root: CID, from store: BlockStore, progress: (Int) -> Void) throws -> Int {
        let temporary = "\(path).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("create", temporary) }
        defer { close(descriptor) }
        do {
            var written = 0
            var pending: [UInt8] = []
            try store.exportCAR(root: root) { bytes in
                pending += bytes
                guard pending.count >= Self.pieceBytes else { return }
                written += try write(&pending, to: descriptor)
                progress(written)
            }
            written += try write(&pending, to: descriptor)
            guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure("save", path) }
            return written
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private func write(_ bytes: inout [UInt8], to descriptor: Int32) throws(NodeError) -> Int {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { region in
                Glibc.write(descriptor, region.baseAddress?.advanced(by: done), region.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", path) }
            done += count
        }
        bytes.removeAll(keepingCapacity: true)
        return done
    }

    private func failure(_ verb: String, _ file: String) -> NodeError {
        let reason = errno
        return NodeError(reason == ENOSPC ? .full : .file, "cannot \(verb) \(file): \(errorText(reason))")
    }
}
