import SQLite

/// Where a block lies and who needs it: its row in the index.
///
/// What a row counts as follows from `refs` and `used`:
///
///     refs > 0              pinned      needed by a pin or by a pinned block; holds a reference on each child
///     refs = 0, used > 0    cached      may go at any time; holds nothing
///     refs = 0, used < 0    staged      part of a DAG that is being fetched, kept until -used; holds nothing
///     refs = 0, used = 0    releasing   in the release queue; still holds its children until it is collected
struct BlockRow: Hashable, Sendable {
    /// A volume, or one of the two below.
    var volume: Int64
    /// In bytes from the volume's start; for an inline block the row of the table `node`.
    var offset: Int64
    /// In bytes.
    var length: Int
    var refs: Int64
    /// When a cached block was last used, or with a minus sign until when a staged one is kept, in milliseconds since
    /// 1970 and never 0.
    var used: Int64

    /// The bytes lie inside the index.
    static let inline: Int64 = 0
    /// The bytes were found to be wrong; the block counts as absent and takes no space.
    static let withdrawn: Int64 = -1

    var isPresent: Bool { volume != Self.withdrawn }
    var isInVolume: Bool { volume > 0 }
    var range: Range<Int> { Int(offset)..<Int(offset) + length }

    init(volume: Int64, offset: Int64, length: Int, refs: Int64, used: Int64) {
        self.volume = volume
        self.offset = offset
        self.length = length
        self.refs = refs
        self.used = used
    }

    /// The columns `volume, offset, length, refs, used` from `column` on.
    init(_ row: RawRow, from column: CInt = 0) {
        volume = row.integer(column)
        offset = row.integer(column + 1)
        length = Int(row.integer(column + 2))
        refs = row.integer(column + 3)
        used = row.integer(column + 4)
    }
}

/// How many bytes the store holds, by what they are held for.
public struct Accounting: Hashable, Sendable {
    /// Blocks that a pin needs.
    public var pinned: Int64 = 0
    /// Blocks that may go at any time.
    public var cached: Int64 = 0
    /// Blocks of DAGs that are being fetched.
    public var staged: Int64 = 0
    /// Blocks that nothing needs any more and that wait for collection.
    public var releasing: Int64 = 0
    /// Deleted blocks whose disk space was not given back yet.
    public var dead: Int64 = 0

    public init() {}

    /// All bytes that count against the lent space.
    public var total: Int64 { pinned + cached + staged + releasing + dead }

    mutating func count(_ row: BlockRow, sign: Int64) {
        guard row.isPresent else { return }
        let bytes = Int64(row.length) * sign
        switch (row.refs, row.used) {
        case (1..., _): pinned += bytes
        case (_, 1...): cached += bytes
        case (_, ..<0): staged += bytes
        default: releasing += bytes
        }
    }
}
