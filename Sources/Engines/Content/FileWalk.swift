import Core

/// A piece of a file's bytes, in file order.
public enum FilePiece: Hashable, Sendable {
    /// Bytes of a leaf: `range` within it, of `size` bytes in all.
    case leaf(CID, range: Range<UInt64>, size: UInt64)
    /// Bytes that lie inside an inner block.
    case inline([UInt8])
}

/// The pieces of a file.
public enum FileWalk {
    /// How many bytes the file has.
    ///
    /// - Throws: ``ContentError`` `.unsupported` when `root` is no file.
    public static func size(of root: CID, read: BlockReader) throws -> UInt64 {
        switch try UnixFSNode.read(root, read) {
        case .raw(let size): return UInt64(size)
        case .file(let file): return file.fileSize
        default: throw ContentError(.unsupported, "\(root) is not a file")
        }
    }

    /// Calls `visit` for each piece that overlaps `range`, in order; inner blocks go to `inner` before their parts.
    ///
    /// Leaves are not read, except for a root that is itself a raw block. Parts outside `range` are not visited, so a walk
    /// costs what the range does; parts of no bytes are skipped, since a few of them could mean endless visits.
    ///
    /// - Parameter range: In bytes of the file; `nil` is all of it.
    public static func pieces(
        of root: CID,
        in range: Range<UInt64>? = nil,
        read: BlockReader,
        inner: (CID) throws -> Void = { _ in },
        visit: (FilePiece) throws -> Void
    ) throws {
        if root.codec == .raw {
            let size = try self.size(of: root, read: read)
            if size == 0 { try visit(.leaf(root, range: 0..<0, size: 0)) }
            return try visitLeaf(root, start: 0, size: size, range, visit)
        }
        var stack: [(cid: CID, start: UInt64, size: UInt64?, depth: Int)] = [(root, 0, nil, 0)]
        while let (cid, start, size, depth) = stack.popLast() {
            guard depth <= WalkLimits.depthMax else {
                throw ContentError(.tooLarge, "file \(root) is deeper than \(WalkLimits.depthMax) blocks")
            }
            if cid.codec == .raw, let size {
                try visitLeaf(cid, start: start, size: size, range, visit)
                continue
            }
            try inner(cid)
            guard case .file(let file) = try UnixFSNode.read(cid, read), size ?? file.fileSize == file.fileSize else {
                throw ContentError(.malformed, "\(cid) is not the part of file \(root) that it was announced as")
            }
            let wanted = (range ?? 0..<UInt64.max).clamped(to: start..<start + file.fileSize)
            try visitInline(file.inline, start: start, wanted, visit)
            var position = start + UInt64(file.inline.count)
            var below: [(CID, UInt64, UInt64?, Int)] = []
            for part in file.parts {
                let end = position + part.size
                if part.size > 0, position < wanted.upperBound, end > wanted.lowerBound {
                    below.append((part.cid, position, part.size, depth + 1))
                }
                position = end
            }
            stack += below.reversed()
        }
    }

    private static func visitLeaf(
        _ cid: CID,
        start: UInt64,
        size: UInt64,
        _ range: Range<UInt64>?,
        _ visit: (FilePiece) throws -> Void
    ) throws {
        if case .identity(let bytes) = cid.hash {
            guard UInt64(bytes.count) == size else {
                throw ContentError(.malformed, "part \(cid) of a file has \(bytes.count) bytes, announced are \(size)")
            }
            return try visitInline(bytes, start: start, range ?? 0..<UInt64.max, visit)
        }
        let wanted = (range ?? 0..<UInt64.max).clamped(to: start..<start + size)
        guard !wanted.isEmpty else { return }
        try visit(.leaf(cid, range: wanted.lowerBound - start..<wanted.upperBound - start, size: size))
    }

    private static func visitInline(
        _ bytes: [UInt8],
        start: UInt64,
        _ range: Range<UInt64>,
        _ visit: (FilePiece) throws -> Void
    ) throws {
        let wanted = range.clamped(to: start..<start + UInt64(bytes.count))
        guard !wanted.isEmpty else { return }
        try visit(.inline(Array(bytes[Int(wanted.lowerBound - start)..<Int(wanted.upperBound - start)])))
    }
}
