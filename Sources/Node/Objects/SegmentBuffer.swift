import Core
import Glibc
import Objects

/// Memory for one segment; made once and filled anew for each.
///
/// One task fills it, with ciphertext or with records that are still to be sealed; another one seals them where they
/// lie. From then on until it is emptied it is only read.
final class SegmentBuffer: @unchecked Sendable {
    // @unchecked: the filling task hands it on whole, so does who seals it, and nobody writes while others read.

    /// Whole records of one object, one behind the other.
    private struct Run {
        let offset: Int
        /// With the tags.
        var byteCount: Int
        let firstRecord: UInt64
        var endsObject: Bool
    }

    /// Bytes behind the last one: the units of the last stripe are rounded up, together by less than a byte per piece.
    private static let marginByteCount = SegmentCode.totalCountMax

    /// The system gives and takes memory by so many bytes, or by a part of them.
    private static let pageBytes = 65_536

    private let memory: UnsafeMutableRawBufferPointer
    /// Bytes of ciphertext so far.
    private(set) var byteCount = 0
    /// What is not sealed yet.
    private var runs: [Run] = []

    init() {
        memory = .allocate(byteCount: SegmentLayout.segmentBytesMax + Self.marginByteCount, alignment: Self.pageBytes)
    }

    deinit {
        memory.deallocate()
    }

    /// Empties it and gives its memory back to the system until it is filled again.
    func discard() {
        clear()
        madvise(memory.baseAddress, memory.count / Self.pageBytes * Self.pageBytes, MADV_DONTNEED)
    }

    /// Bytes that still fit.
    var room: Int { SegmentLayout.segmentBytesMax - byteCount }

    /// How many runs of records were appended.
    var runCount: Int { runs.count }

    /// Bytes of what is to be sealed, without the tags.
    var plaintextByteCount: Int {
        runs.reduce(0) { $0 + $1.byteCount - Self.recordCount($1) * ObjectCipher.tagByteCount }
    }

    /// Hands out the next `count` bytes to be written.
    private func append(_ count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count <= room, "a segment has no room for \(count) bytes")
        defer { byteCount += count }
        return UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<(byteCount + count)])
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        append(bytes.count).copyMemory(from: bytes)
    }

    /// Appends a record that ``seal(with:)`` seals; all but an object's last are as long as a record can be.
    ///
    /// - Parameter startsRun: Whether the record before it is of another object.
    func append(_ plaintext: UnsafeRawBufferPointer, record: UInt64, isLast: Bool, startsRun: Bool) {
        let size = plaintext.count + ObjectCipher.tagByteCount
        if startsRun || runs.isEmpty {
            runs.append(Run(offset: byteCount, byteCount: size, firstRecord: record, endsObject: isLast))
        } else {
            runs[runs.count - 1].byteCount += size
            runs[runs.count - 1].endsObject = isLast
        }
        append(size).copyMemory(from: plaintext)
    }

    /// Makes everything behind the ciphertext zero, up to the end of the last stripe.
    func pad(to layout: SegmentLayout) {
        let end = layout.code.dataCount * layout.pieceByteCount
        guard end > byteCount else { return }
        UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<end]).initializeMemory(as: UInt8.self, repeating: 0)
    }

    func clear() {
        byteCount = 0
        runs = []
    }

    private static func recordCount(_ run: Run) -> Int {
        (run.byteCount + ObjectCipher.recordBytesMax - 1) / ObjectCipher.recordBytesMax
    }

    /// The bytes of a data piece's unit.
    func unit(_ unit: Int, ofPiece piece: Int, _ layout: SegmentLayout) -> UnsafeRawBufferPointer {
        let count = layout.unitByteCount(unit)
        let start = unit * layout.code.dataCount * SegmentLayout.unitBytesMax + piece * count
        return UnsafeRawBufferPointer(rebasing: memory[start..<(start + count)])
    }

    // MARK: - Sealing

    /// What tells this segment from all others before it is sealed; `nil` when not all of it is still to be sealed.
    func fingerprint(key: [UInt8]) -> Digest? {
        guard byteCount > 0, runs.reduce(0, { $0 + $1.byteCount }) == byteCount else { return nil }
        var fingerprint = SegmentFingerprint(key: key)
        for run in runs {
            fingerprint.begin(
                firstRecord: run.firstRecord,
                byteCount: run.byteCount - Self.recordCount(run) * ObjectCipher.tagByteCount,
                endsObject: run.endsObject
            )
            for record in 0..<Self.recordCount(run) { fingerprint.update(plaintext(record, of: run)) }
        }
        return fingerprint.finish()
    }

    /// Seals all records where they lie; once, for keys that sealed nothing else.
    func seal(with keys: SegmentKeys) throws {
        for (number, run) in runs.enumerated() {
            let cipher = try ObjectCipher(key: keys.key(ofRun: number))
            let count = Self.recordCount(run)
            for record in 0..<count {
                let range = Self.range(record, of: run)
                try cipher.seal(
                    record: run.firstRecord + UInt64(record),
                    isLast: run.endsObject && record == count - 1,
                    plaintext(record, of: run),
                    into: UnsafeMutableRawBufferPointer(rebasing: memory[range])
                )
            }
        }
        runs = []
    }

    private func plaintext(_ record: Int, of run: Run) -> UnsafeRawBufferPointer {
        let range = Self.range(record, of: run)
        return UnsafeRawBufferPointer(
            rebasing: memory[range.lowerBound..<(range.upperBound - ObjectCipher.tagByteCount)]
        )
    }

    private static func range(_ record: Int, of run: Run) -> Range<Int> {
        let start = record * ObjectCipher.recordBytesMax
        return (run.offset + start)..<(run.offset + min(start + ObjectCipher.recordBytesMax, run.byteCount))
    }
}
