import Core

/// The first 4 KiB of a volume: its format, its number and its salt, twice, so that one damaged sector is no loss.
///
///     0   magic (8), version (4), zeros (4), volume (8), salt (32), SHA-256 of 0..<56
struct VolumeHeader: Hashable {
    static let magic: [UInt8] = Array("HFvolum\u{1}".utf8)
    static let version = 1
    static let saltByteCount = 32
    static let byteCount = FrameHeader.alignment
    private static let copyByteCount = 88
    private static let copyOffsets = [0, 2048]

    let volume: Int64
    let salt: [UInt8]

    func encoded() -> [UInt8] {
        var copy = Self.magic + FrameHeader.bigEndian(UInt32(Self.version)) + [0, 0, 0, 0]
        copy += FrameHeader.bigEndian(UInt64(bitPattern: volume)) + salt
        copy += Digest(hashing: copy).bytes
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        for offset in Self.copyOffsets { bytes.replaceSubrange(offset..<offset + copy.count, with: copy) }
        return bytes
    }

    /// - Returns: `nil` when neither copy is sound or it is another volume's.
    /// - Throws: ``PieceStoreError`` `.newerFormat`.
    static func decode(_ bytes: [UInt8], volume: Int64) throws -> VolumeHeader? {
        for offset in copyOffsets where bytes.count >= offset + copyByteCount {
            let copy = bytes[offset..<offset + copyByteCount]
            let checked = Array(copy.prefix(copyByteCount - 32))
            guard copy.starts(with: magic), Digest(hashing: checked).bytes.elementsEqual(copy.suffix(32)) else {
                continue
            }
            let found = FrameHeader.integer(copy, 8, 4)
            guard found <= version else {
                throw PieceStoreError(
                    .newerFormat,
                    "a volume of pieces has format \(found), this version reads up to \(version); use the newer version"
                )
            }
            guard FrameHeader.integer(copy, 16, 8) == Int(volume) else { continue }
            return VolumeHeader(volume: volume, salt: Array(checked.suffix(saltByteCount)))
        }
        return nil
    }
}
