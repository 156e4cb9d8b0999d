import Core
import Objects
import Synchronization

/// Writes one piece: its units in order, then ``commit(statement:)``.
///
/// Discards what it wrote when it is given up without a commit. Calls may come from any thread, one at a time.
public final class PieceWriter: Sendable {
    public let piece: PieceDescription
    private let store: PieceStore
    private let reservation: Reservation
    private let header: FrameShape
    private let state = Mutex(State())

    private struct State {
        var hashes: [Digest] = []
        var isEnded = false
    }

    init(_ piece: PieceDescription, _ header: FrameShape, _ reservation: Reservation, _ store: PieceStore) {
        self.piece = piece
        self.header = header
        self.reservation = reservation
        self.store = store
    }

    deinit {
        discard()
    }

    /// How many units are written.
    public var unitsWritten: Int { state.withLock { $0.hashes.count } }

    /// Writes and hashes the next units; all have 64 KiB but the piece's last.
    ///
    /// - Throws: ``PieceStoreError`` `.invalid` for bytes that are no whole units, `.diskFull`, `.ioFailed`; the same
    ///   units may be tried again.
    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            guard !state.isEnded else { throw PieceStoreError(.invalid, "the piece's writing has ended") }
            var start = 0
            var hashes: [Digest] = []
            while start < bytes.count {
                let unit = state.hashes.count + hashes.count
                let count = unit < piece.unitCount ? piece.byteCount(ofUnit: unit) : 0
                guard count > 0, start + count <= bytes.count else {
                    throw PieceStoreError(.invalid, "the bytes are no whole units of the piece")
                }
                hashes.append(
                    PieceTree.unitHash(of: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
                )
                start += count
            }
            let offset =
                reservation.extent.offset + header.headerByteCount
                + state.hashes.count * PieceDescription.unitByteCount
            try PieceStore.mapErrors {
                try store.fileSystem.writeAll(bytes, to: reservation.volume.descriptor, at: offset)
            }
            state.hashes += hashes
            // The last bytes are synchronized at once; those before are on their way to the disk by then.
            guard state.hashes.count < piece.unitCount else { return }
            store.fileSystem.beginSynchronizing(reservation.volume.descriptor, offset..<(offset + bytes.count))
        }
    }

    /// Verifies the Merkle root and returns when the piece survives a power loss.
    ///
    /// - Parameter statement: this node's word that it holds the piece; becomes visible together with it.
    /// - Throws: ``PieceStoreError`` `.invalid` when units are missing, `.wrongRoot`, `.tombstoned`, `.alreadyStored`,
    ///   `.wrongOwner`, `.diskFull`, `.ioFailed`. All end the writing but the first.
    public func commit(statement: StoredStatement? = nil) throws {
        if let statement { try statement.check() }
        let hashes = try state.withLock { state in
            guard !state.isEnded, state.hashes.count == piece.unitCount else {
                throw PieceStoreError(.invalid, "\(state.hashes.count) of \(piece.unitCount) units are written")
            }
            state.isEnded = true
            return state.hashes
        }
        guard PieceTree.root(unitHashes: hashes) == piece.root else {
            store.end(piece, reservation, .discarded(hasHeader: false))
            throw PieceStoreError(.wrongRoot, "the piece's bytes do not have its root")
        }
        do {
            try writePadding()
            let bytes = hashes.flatMap(\.bytes)
            while try !writeHeaderAndCommit(bytes, statement) {}
        } catch {
            store.end(piece, reservation, .discarded(hasHeader: true))
            throw error
        }
        store.end(piece, reservation, .committed)
    }

    /// Gives up; nothing is left of what was written.
    public func discard() {
        let wasEnded = state.withLock { state in
            defer { state.isEnded = true }
            return state.isEnded
        }
        if !wasEnded { store.end(piece, reservation, .discarded(hasHeader: false)) }
    }

    private func writePadding() throws {
        let written = header.headerByteCount + piece.byteCount
        guard written < header.frameByteCount else { return }
        let padding = [UInt8](repeating: 0, count: header.frameByteCount - written)
        try store.write(padding, to: reservation.volume, at: reservation.extent.offset + written)
    }

    /// Writes the header, the last of all, with the lease that the segment has by now.
    ///
    /// - Returns: `false` when the lease was extended meanwhile.
    private func writeHeaderAndCommit(_ hashes: [UInt8], _ statement: StoredStatement?) throws -> Bool {
        let segment = try store.read { try IndexTransaction.segment(piece.segment, $0) }
        let lease = segment.flatMap { $0.lease > piece.leaseEnd ? (end: $0.lease, slot: $0.slot) : nil }
        let bytes = FrameHeader.encode(
            .piece,
            body: header.body,
            hashes: hashes,
            frameByteCount: header.frameByteCount,
            lease: lease,
            at: reservation.place
        )
        try store.write(bytes, to: reservation.volume, at: reservation.extent.offset)
        do {
            try store.commit(piece, hashes, header, reservation, lease: lease?.end ?? piece.leaseEnd, statement)
        } catch let error as PieceStoreError where error.code == .leaseMoved {
            return false
        }
        return true
    }
}

/// The sizes of a frame, known before anything of it is written.
struct FrameShape: Sendable {
    let body: [UInt8]
    let headerByteCount: Int
    let frameByteCount: Int

    init(_ piece: PieceDescription) {
        body = piece.encodedBody()
        headerByteCount = FrameHeader.byteCount(body: body.count, hashes: piece.unitCount)
        frameByteCount = FrameHeader.aligned(headerByteCount + piece.byteCount)
    }

    init(_ tombstone: StoredTombstone) {
        body = tombstone.encodedBody()
        headerByteCount = FrameHeader.byteCount(body: body.count, hashes: 0)
        frameByteCount = FrameHeader.aligned(headerByteCount)
    }
}
