import Files

/// How a piece store is set up.
public struct PieceStoreConfiguration: Sendable {
    /// The folder that the store owns, made when it is missing; its parent must exist.
    public var folder: String
    public var fileSystem: any FileSystem
    /// The lent space: most bytes of disk for all pieces with their headers.
    public var pieceBytesMax: Int64
    /// Most bytes of disk for the pieces of one owner.
    public var ownerBytesMax: Int64
    /// A volume that has so many bytes gets no more, in bytes.
    public var volumeBytesMax: Int = Self.defaultVolumeBytesMax
    /// Most pieces that are written at the same time.
    public var writersMax: Int = 256
    /// Most tombstones of segments that are not held here.
    public var foreignTombstonesMax: Int = 65_536

    /// 256 MiB.
    public static let defaultVolumeBytesMax = 256 << 20

    public init(
        folder: String,
        fileSystem: any FileSystem = SystemFileSystem(),
        pieceBytesMax: Int64,
        ownerBytesMax: Int64
    ) {
        self.folder = folder
        self.fileSystem = fileSystem
        self.pieceBytesMax = pieceBytesMax
        self.ownerBytesMax = ownerBytesMax
    }
}
