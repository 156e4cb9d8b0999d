import Core
import Files
import Objects

/// Walks over the frames of a volume file, jumping over payloads.
struct FrameScan {
    struct Frame {
        let extent: Extent
        let header: FrameHeader.Decoded
    }

    /// How many bytes are read at once.
    static let windowByteCount = FrameHeader.byteCountMax

    let volume: OpenVolume
    let salt: [UInt8]
    let fileSystem: any FileSystem
    private var window: [UInt8] = []
    private var windowStart = 0

    init(volume: OpenVolume, salt: [UInt8], fileSystem: any FileSystem) {
        self.volume = volume
        self.salt = salt
        self.fileSystem = fileSystem
    }

    /// The volume's own header, `nil` when it is not sound.
    static func header(of volume: OpenVolume, _ fileSystem: any FileSystem) throws -> VolumeHeader? {
        var bytes = [UInt8](repeating: 0, count: VolumeHeader.byteCount)
        let count = try bytes.withUnsafeMutableBytes { try fileSystem.readAll($0, from: volume.descriptor, at: 0) }
        return try VolumeHeader.decode(Array(bytes.prefix(count)), volume: volume.id)
    }

    /// The frame that begins at `offset`, `nil` when none does.
    mutating func frame(at offset: Int) throws -> Frame? {
        guard let prefix = try bytes(at: offset, count: FrameHeader.prefixByteCount),
            let byteCount = FrameHeader.byteCount(ofPrefix: prefix),
            let bytes = try bytes(at: offset, count: byteCount)
        else { return nil }
        let place = FrameHeader.Place(salt: salt, volume: volume.id, offset: offset)
        guard let header = FrameHeader.decode(bytes, at: place) else { return nil }
        let extent = Extent(volume: volume.id, offset: offset, byteCount: header.frameByteCount)
        return Frame(extent: extent, header: header)
    }

    /// Calls `body` for each whole frame that begins and ends in `range`.
    mutating func forEach(in range: Range<Int>, _ body: (Frame) throws -> Void) throws {
        var offset = FrameHeader.aligned(range.lowerBound)
        while offset < range.upperBound {
            guard let frame = try frame(at: offset), frame.extent.byteCount <= range.upperBound - offset else {
                offset += FrameHeader.alignment
                continue
            }
            try body(frame)
            offset = frame.extent.end
        }
    }

    private mutating func bytes(at offset: Int, count: Int) throws -> ArraySlice<UInt8>? {
        if offset < windowStart || offset + count > windowStart + window.count {
            var bytes = [UInt8](repeating: 0, count: Self.windowByteCount)
            let read = try bytes.withUnsafeMutableBytes {
                try fileSystem.readAll($0, from: volume.descriptor, at: offset)
            }
            bytes.removeLast(bytes.count - read)
            window = bytes
            windowStart = offset
        }
        let start = offset - windowStart
        return start + count <= window.count ? window[start..<start + count] : nil
    }
}

extension FrameScan.Frame {
    /// The piece that the frame holds, `nil` when its parts do not fit together.
    var piece: PieceDescription? {
        guard header.kind == .piece, var piece = try? PieceDescription(body: header.body),
            header.unitHashes.count == piece.unitCount, PieceTree.root(unitHashes: header.unitHashes) == piece.root,
            header.frameByteCount == FrameHeader.aligned(header.byteCount + piece.byteCount)
        else { return nil }
        if let lease = header.lease { piece.leaseEnd = max(piece.leaseEnd, lease.end) }
        return piece
    }

    var tombstone: StoredTombstone? {
        header.kind == .tombstone ? try? StoredTombstone(body: header.body) : nil
    }
}
