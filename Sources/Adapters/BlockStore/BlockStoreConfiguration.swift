import Core
import Files

/// How a block store is set up.
public struct BlockStoreConfiguration: Sendable {
    /// The folder that the store owns, made when it is missing; its parent must exist.
    public var folder: String
    /// Most bytes for all blocks, pinned and cached.
    public var storageBytesMax: Int64
    /// Most bytes for blocks that nothing pins.
    public var cacheBytesMax: Int64
    /// A volume that has so many bytes gets no more, in bytes.
    public var volumeBytesMax: Int = Self.defaultVolumeBytesMax
    /// A volume that got so many bytes from one import is never appended to again, in bytes.
    public var sealBytesMin: Int = Self.defaultSealBytesMin
    public var fileSystem: any FileSystem = SystemFileSystem()

    /// 256 MiB.
    public static let defaultVolumeBytesMax = 256 << 20
    /// 1 MiB.
    public static let defaultSealBytesMin = 1 << 20

    public init(folder: String, storageBytesMax: Int64, cacheBytesMax: Int64) {
        self.folder = folder
        self.storageBytesMax = storageBytesMax
        self.cacheBytesMax = cacheBytesMax
    }
}

/// A reason why a DAG is kept: two owners of one root count twice.
public struct Pin: Hashable, Sendable {
    public let root: CID
    /// Who needs the DAG, at most ``ownerBytesMax`` bytes of text that the caller chooses.
    public let owner: String

    public static let ownerBytesMax = 256

    public init(root: CID, owner: String) {
        self.root = root
        self.owner = owner
    }
}

/// What happened since the store was opened.
public struct BlockStoreCounters: Hashable, Sendable {
    /// Blocks that no longer had their hash.
    public var withdrawn = 0
    public var evicted = 0
    public var collected = 0
    /// Times that dead space could not be given back at once.
    public var punchesPostponed = 0
}
