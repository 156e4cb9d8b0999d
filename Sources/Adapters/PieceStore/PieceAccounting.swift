/// How much of something is stored.
public struct PieceAmount: Hashable, Sendable {
    public var count: Int64 = 0
    /// Bytes of the pieces themselves.
    public var payloadBytes: Int64 = 0
    /// Bytes of volumes, with headers and padding.
    public var diskBytes: Int64 = 0

    public init(count: Int64 = 0, payloadBytes: Int64 = 0, diskBytes: Int64 = 0) {
        self.count = count
        self.payloadBytes = payloadBytes
        self.diskBytes = diskBytes
    }

    mutating func add(_ other: PieceAmount, sign: Int64) {
        count += sign * other.count
        payloadBytes += sign * other.payloadBytes
        diskBytes += sign * other.diskBytes
    }
}

/// What the store holds, by what it is held for.
public struct PieceAccounting: Hashable, Sendable {
    /// What a frame or a range of a volume counts as.
    enum State: Int, CaseIterable {
        case sound = 0
        case damaged = 1
        case entombed = 2
        case tombstone = 3
        case dead = 4
        case renewal = 5
    }

    /// Pieces that are whole as far as is known.
    public var sound = PieceAmount()
    /// Pieces that lost their hashes and wait for repair.
    public var damaged = PieceAmount()
    /// Pieces that their owner removed and that are not collected yet.
    public var entombed = PieceAmount()
    /// Tombstones themselves.
    public var tombstones = PieceAmount()
    /// Ranges of volumes that hold nothing and still take space.
    public var dead = PieceAmount()
    /// Owners' renewals, each once; their bytes lie in the index and take nothing of the volumes.
    public var renewals = PieceAmount()

    public init() {}

    /// What counts towards the lent space, in bytes.
    public var diskBytes: Int64 {
        sound.diskBytes + damaged.diskBytes + entombed.diskBytes + dead.diskBytes
    }

    subscript(state: State) -> PieceAmount {
        get {
            switch state {
            case .sound: sound
            case .damaged: damaged
            case .entombed: entombed
            case .tombstone: tombstones
            case .dead: dead
            case .renewal: renewals
            }
        }
        set {
            switch state {
            case .sound: sound = newValue
            case .damaged: damaged = newValue
            case .entombed: entombed = newValue
            case .tombstone: tombstones = newValue
            case .dead: dead = newValue
            case .renewal: renewals = newValue
            }
        }
    }
}

/// What happened since the store was opened.
public struct PieceStoreCounters: Hashable, Sendable {
    public var committed = 0
    /// Calls of the file system to make commits durable; fewer than `committed` when commits shared one.
    public var synchronizations = 0
    public var discarded = 0
    /// Pieces that were found damaged.
    public var damaged = 0
    /// Headers that were written anew from the index.
    public var mended = 0
    public var collected = 0
    public var statementsDropped = 0
}
