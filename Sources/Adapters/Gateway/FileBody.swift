import Content
import Core
import NIOCore

/// The bytes of a file, or of a part of it, as the body of an answer.
struct FileBody: Sendable {
    /// Largest body that is read into memory and kept with its head, in bytes; larger ones go out by `sendfile`.
    static let memoryBytesMax: UInt64 = 128 * 1_024
    /// How much of a file is asked for, checked and sent at a time, in bytes.
    static let windowBytes: UInt64 = 8 << 20
    /// Largest file whose leaves are looked up before its answer begins, in bytes.
    static let lookupBytesMax: UInt64 = 4 << 30

    let blocks: BlockAccess
    let file: CID
    let size: UInt64

    /// The body for `range`.
    ///
    /// - Throws: ``ContentUnavailable`` when the first bytes cannot be had.
    func body(for range: ClosedRange<UInt64>) async throws -> GatewayResponse.Body {
        let count = range.upperBound - range.lowerBound + 1
        if count <= Self.memoryBytesMax { return .bytes(try await bytes(range)) }
        if count <= Self.lookupBytesMax, let extents = try await localExtents(range) { return .extents(extents) }
        // The first window is brought in before the head goes out: who has nothing must not answer 200.
        let first = window(at: range.lowerBound, in: range)
        let pieces = try await self.pieces(first)
        return .stream(BodyStream { writer in try await stream(range, from: first, pieces, to: writer) })
    }

    /// The file's bytes in `range`, which is small.
    func bytes(_ range: ClosedRange<UInt64>) async throws -> ByteBuffer {
        let (file, size) = (file, size)
        return try await blocks.run(bytes: range) { blocks in
            let parts = try Self.read(blocks.pieces(of: file, size: size, in: range), blocks)
            guard parts.count > 1 else { return parts.first ?? ByteBuffer() }
            return parts.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
        }
    }

    /// Where the bytes lie, when all of them are on this machine in raw leaves.
    private func localExtents(_ range: ClosedRange<UInt64>) async throws -> [FileExtent]? {
        let (file, size, blocks) = (file, size, blocks)
        return try await blocks.disk.run {
            do {
                return try Self.extents(of: blocks.pieces(of: file, size: size, in: range), blocks)
            } catch is MissingBlocks {
                return nil
            }
        }
    }

    // MARK: - Streaming

    /// What of a window goes out: pieces of files where it can be, bytes where not.
    private enum Window: Sendable {
        case extents([FileExtent])
        case buffers([ByteBuffer])
    }

    private func window(at position: UInt64, in range: ClosedRange<UInt64>) -> ClosedRange<UInt64> {
        position...min(range.upperBound, position + Self.windowBytes - 1)
    }

    /// Sends window after window; the next one is brought in while one is on its way.
    private func stream(
        _ range: ClosedRange<UInt64>,
        from first: ClosedRange<UInt64>,
        _ pieces: Window,
        to writer: BodyWriter
    ) async throws {
        var (current, pieces) = (first, pieces)
        while true {
            guard current.upperBound < range.upperBound else {
                try await send(pieces, to: writer)
                return
            }
            let next = window(at: current.upperBound + 1, in: range)
            async let upcoming = self.pieces(next)
            try await send(pieces, to: writer)
            (current, pieces) = (next, try await upcoming)
        }
    }

    private func send(_ pieces: Window, to writer: BodyWriter) async throws {
        switch pieces {
        case .extents(let extents):
            try await writer.write(extents)
        case .buffers(let buffers):
            for buffer in buffers { try await writer.write(buffer) }
        }
    }

    /// The verified bytes of one window, brought in where they are missing.
    private func pieces(_ window: ClosedRange<UInt64>) async throws -> Window {
        let (file, size) = (file, size)
        return try await blocks.run(bytes: window) { blocks in
            let pieces = try blocks.pieces(of: file, size: size, in: window)
            if let extents = try Self.extents(of: pieces, blocks) { return .extents(extents) }
            return .buffers(try Self.read(pieces, blocks))
        }
    }

    // MARK: - On a disk thread

    /// The bytes of `pieces`; leaves that are not local are missed all at once, so that they come in one transfer.
    private static func read(_ pieces: [FilePiece], _ blocks: BlockAccess) throws -> [ByteBuffer] {
        var buffers: [ByteBuffer] = []
        var missing: [CID] = []
        for piece in pieces {
            do {
                buffers.append(try read(piece, blocks))
            } catch let error as MissingBlocks {
                missing += error.cids
                buffers = []
            }
        }
        guard missing.isEmpty else { throw MissingBlocks(cids: missing) }
        return buffers
    }

    private static func read(_ piece: FilePiece, _ blocks: BlockAccess) throws -> ByteBuffer {
        switch piece {
        case .inline(let bytes):
            return ByteBuffer(bytes: bytes)
        case .leaf(let cid, let range, let size):
            let block = try blocks.block(cid)
            let at = block.readerIndex + Int(range.lowerBound)
            guard UInt64(block.readableBytes) == size, let part = block.getSlice(at: at, length: range.count) else {
                throw ContentError(.malformed, "block \(cid) is not as long as the file says")
            }
            return part
        }
    }

    /// Where the bytes of `pieces` lie on disk; `nil` when a piece is no raw leaf or not local.
    private static func extents(of pieces: [FilePiece], _ blocks: BlockAccess) throws -> [FileExtent]? {
        var leaves: [CID] = []
        var (length, skipped, kept) = (0, 0, 0)
        for piece in pieces {
            guard case .leaf(let cid, let range, let size) = piece, cid.codec == .raw else { return nil }
            if case .identity = cid.hash { return nil }
            if leaves.isEmpty { skipped = Int(range.lowerBound) }
            leaves.append(cid)
            length += Int(size)
            kept += range.count
        }
        guard let found = try blocks.source.extents(of: leaves), found.reduce(0, { $0 + $1.length }) == length else {
            return nil
        }
        return cut(found, dropping: skipped, keeping: kept)
    }

    /// The part of `extents` behind its first `skipped` bytes, `kept` bytes long.
    private static func cut(_ extents: [FileExtent], dropping skipped: Int, keeping kept: Int) -> [FileExtent] {
        var (skip, keep) = (skipped, kept)
        var parts: [FileExtent] = []
        for extent in extents where keep > 0 {
            guard skip < extent.length else {
                skip -= extent.length
                continue
            }
            var part = extent
            part.offset += skip
            part.length = min(extent.length - skip, keep)
            keep -= part.length
            skip = 0
            parts.append(part)
        }
        return parts
    }
}
