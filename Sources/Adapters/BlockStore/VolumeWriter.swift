import Files

/// Appends an import's leaves to volumes that nobody else writes to meanwhile.
struct VolumeWriter {
    /// What an import wrote to one volume.
    struct Span {
        let slot: VolumePool.Slot
        let descriptor: CInt
        /// Where the next byte goes.
        var end: Int
        /// Bytes that were left out so that what follows begins a page.
        var gaps: [Range<Int>] = []
    }

    /// Bytes of a page: what `sendfile` hands over begins and ends with pages, and its reader copies a third more slowly
    /// where they are cut elsewhere.
    static let pageBytes = 4_096

    private let volumes: VolumePool
    private let volumeBytesMax: Int
    /// Whether ``synchronize()`` is going to be called.
    private let isDurable: Bool
    private(set) var spans: [Span] = []

    init(volumes: VolumePool, volumeBytesMax: Int, isDurable: Bool) {
        self.volumes = volumes
        self.volumeBytesMax = volumeBytesMax
        self.isDurable = isDurable
    }

    /// Writes `bytes` in one piece.
    ///
    /// - Parameter onPage: whether they begin a page.
    /// - Returns: The volume and the offset of the first byte.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer,
        onPage: Bool = false
    ) throws(SystemCallError) -> (volume: Int64, offset: Int) {
        if spans.last.map({ $0.end >= volumeBytesMax }) ?? true { try openNext() }
        let last = spans.count - 1
        if onPage { spans[last].beginPage() }
        let offset = spans[last].end
        try volumes.fileSystem.writeAll(bytes, to: spans[last].descriptor, at: offset)
        // The disk works while the next bytes are hashed or come over the network.
        if isDurable { volumes.fileSystem.beginSynchronizing(spans[last].descriptor, offset..<offset + bytes.count) }
        spans[last].end += bytes.count
        return (spans[last].slot.id, offset)
    }

    private mutating func openNext() throws(SystemCallError) {
        let slot = volumes.acquire()
        do throws(SystemCallError) {
            let descriptor = try volumes.fileSystem.open(volumes.path(of: slot.id), slot.isNew ? .create : .write)
            spans.append(Span(slot: slot, descriptor: descriptor, end: slot.length))
        } catch {
            volumes.release(slot.id, length: slot.isNew ? nil : slot.length)
            throw error
        }
    }

    /// Returns when all that was appended is on stable storage.
    func synchronize() throws(SystemCallError) {
        for span in spans { try volumes.fileSystem.synchronize(span.descriptor) }
        if spans.contains(where: \.slot.isNew) { try volumes.fileSystem.synchronizeFolder(volumes.folder) }
    }

    /// Gives the volumes back with what was appended.
    mutating func keep(isSealed: (Span) -> Bool) {
        for span in spans {
            volumes.fileSystem.close(span.descriptor)
            volumes.release(span.slot.id, length: isSealed(span) ? nil : span.end)
        }
        spans = []
    }

    /// Takes back what was appended. What cannot be taken back is left to the next open, and not built upon.
    mutating func discard() {
        for span in spans {
            var length: Int?
            if span.slot.isNew {
                try? volumes.fileSystem.remove(volumes.path(of: span.slot.id))
            } else if (try? volumes.fileSystem.truncate(span.descriptor, to: span.slot.length)) != nil {
                length = span.slot.length
            }
            volumes.fileSystem.close(span.descriptor)
            volumes.release(span.slot.id, length: length)
        }
        spans = []
    }
}

extension VolumeWriter.Span {
    fileprivate mutating func beginPage() {
        let start = (end + VolumeWriter.pageBytes - 1) / VolumeWriter.pageBytes * VolumeWriter.pageBytes
        guard start > end else { return }
        gaps.append(end..<start)
        end = start
    }
}
