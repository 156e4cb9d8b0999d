/// What `drill` asks for.
public struct DrillRequest: Codable, Hashable, Sendable {
    /// What is taken for lost: `operator:NAME`, `hosting:NAME`, `jurisdiction:XX`, `network:PREFIX`, `node:ID`, `33%`.
    public var lose: [String]
    /// Try every single operator, hosting provider and jurisdiction instead of `lose`.
    public var allSingle: Bool
    /// Private objects to be read, drawn at random; `nil` for all.
    public var sample: Int?
    /// What the sample and shares of nodes are drawn by; `nil` for 1.
    public var seed: UInt64?
    /// With `allSingle`: read everything for each of them, not only what is most endangered.
    public var readAll: Bool

    public init(
        lose: [String] = [],
        allSingle: Bool = false,
        sample: Int? = nil,
        seed: UInt64? = nil,
        readAll: Bool = false
    ) {
        self.lose = lose
        self.allSingle = allSingle
        self.sample = sample
        self.seed = seed
        self.readAll = readAll
    }
}

/// What a drill found.
public struct DrillResult: Codable, Hashable, Sendable {
    /// What was taken for lost, in the order asked; empty with `allSingle`.
    public var losses: [DrillLoss]
    /// Different nodes in all losses.
    public var nodesLost: Int
    /// Nodes of the mesh that are not dead, this one included.
    public var nodes: Int
    /// Whether this machine is among the lost.
    public var thisNodeLost: Bool
    /// All items by verdict; with `allSingle` as they are now.
    public var tally: DrillTally
    public var reads: DrillReads
    /// The gravest first; at most ``itemsMax``, and none with `allSingle`.
    public var items: [DrillItem]
    /// Items that are not in `items`.
    public var itemsLeftOut: Int
    /// For operators, hosting providers and jurisdictions each the fewest whose loss would lose anything.
    public var smallest: [DrillSmallest]
    /// With `allSingle`: every loss that was tried, the worst first; at most ``itemsMax``.
    public var singles: [DrillSingle]
    /// Single losses that are not in `singles`.
    public var singlesLeftOut: Int
    /// Sentences for people.
    public var notes: [String]

    /// Most entries of a list.
    public static let itemsMax = 1_000

    public init(
        losses: [DrillLoss],
        nodesLost: Int,
        nodes: Int,
        thisNodeLost: Bool,
        tally: DrillTally,
        reads: DrillReads,
        items: [DrillItem] = [],
        itemsLeftOut: Int = 0,
        smallest: [DrillSmallest] = [],
        singles: [DrillSingle] = [],
        singlesLeftOut: Int = 0,
        notes: [String] = []
    ) {
        self.losses = losses
        self.nodesLost = nodesLost
        self.nodes = nodes
        self.thisNodeLost = thisNodeLost
        self.tally = tally
        self.reads = reads
        self.items = items
        self.itemsLeftOut = itemsLeftOut
        self.smallest = smallest
        self.singles = singles
        self.singlesLeftOut = singlesLeftOut
        self.notes = notes
    }

    /// Whether no loss that was tried loses anything.
    public var losesNothing: Bool { tally.lost == 0 && singles.allSatisfy { $0.tally.lost == 0 } }
}

/// One thing that was taken for lost.
public struct DrillLoss: Codable, Hashable, Sendable {
    /// As it was asked for.
    public var rule: String
    public var nodes: Int

    public init(rule: String, nodes: Int) {
        self.rule = rule
        self.nodes = nodes
    }
}

/// Items by verdict.
public struct DrillTally: Codable, Hashable, Sendable {
    /// As safe as before.
    public var reachable: Int
    /// Readable, with less to spare.
    public var degraded: Int
    public var lost: Int

    public init(reachable: Int = 0, degraded: Int = 0, lost: Int = 0) {
        self.reachable = reachable
        self.degraded = degraded
        self.lost = lost
    }
}

/// What was really read, and what that says of the rest.
public struct DrillReads: Codable, Hashable, Sendable {
    /// Items that were to be read to their end; with `allSingle` over all losses.
    public var items: Int
    /// Items that there are; with `allSingle` times the losses.
    public var of: Int
    /// Bytes that came and were verified.
    public var bytes: Int
    /// What the sample and shares of nodes were drawn by.
    public var seed: UInt64
    /// Objects in the sample; `nil` without one.
    public var sampled: Int?
    /// Objects that the sample was drawn from; `nil` without one.
    public var sampledOf: Int?
    /// With 95 % confidence at most so many objects are lost; `nil` without a sample, or when one of it is lost.
    public var lostAtMost: Int?

    public init(
        items: Int,
        of: Int,
        bytes: Int,
        seed: UInt64,
        sampled: Int? = nil,
        sampledOf: Int? = nil,
        lostAtMost: Int? = nil
    ) {
        self.items = items
        self.of = of
        self.bytes = bytes
        self.seed = seed
        self.sampled = sampled
        self.sampledOf = sampledOf
        self.lostAtMost = lostAtMost
    }
}

/// What a drill looks at.
public enum DrillKind: String, Codable, Hashable, Sendable, CaseIterable {
    case site, names, object
}

public enum DrillVerdict: String, Codable, Hashable, Sendable, CaseIterable {
    case reachable, degraded, lost
}

/// What would be left of a site, an object, or the names of objects.
public struct DrillItem: Codable, Hashable, Sendable {
    public var kind: DrillKind
    /// Label of a site, name of an object, `(names)`.
    public var name: String
    public var bytes: Int
    public var verdict: DrillVerdict
    /// Whether it was read to its end; otherwise the verdict is computed from who holds what.
    public var wasRead: Bool
    /// Whether it would be lost without this machine.
    public var onlyHere: Bool
    /// Whole copies now and then; 0 for what has none.
    public var copiesNow: Int
    public var copiesLeft: Int
    /// Of its weakest segment: pieces that rebuild it, pieces now and then; `nil` for what has no segments.
    public var piecesNeeded: Int?
    public var piecesNow: Int?
    public var piecesLeft: Int?
    /// For what is lost: operators among the lost with its copies and pieces, the most first.
    public var lostWith: [DrillShare]
    /// For what is lost: what reading it failed with.
    public var reason: String?

    public init(
        kind: DrillKind,
        name: String,
        bytes: Int,
        verdict: DrillVerdict,
        wasRead: Bool,
        onlyHere: Bool = false,
        copiesNow: Int = 0,
        copiesLeft: Int = 0,
        piecesNeeded: Int? = nil,
        piecesNow: Int? = nil,
        piecesLeft: Int? = nil,
        lostWith: [DrillShare] = [],
        reason: String? = nil
    ) {
        self.kind = kind
        self.name = name
        self.bytes = bytes
        self.verdict = verdict
        self.wasRead = wasRead
        self.onlyHere = onlyHere
        self.copiesNow = copiesNow
        self.copiesLeft = copiesLeft
        self.piecesNeeded = piecesNeeded
        self.piecesNow = piecesNow
        self.piecesLeft = piecesLeft
        self.lostWith = lostWith
        self.reason = reason
    }
}

/// How much an operator holds.
public struct DrillShare: Codable, Hashable, Sendable {
    /// This machine's name for the operator, or its `k51…`.
    public var `operator`: String
    /// Pieces and copies.
    public var parts: Int

    public init(operator: String, parts: Int) {
        self.operator = `operator`
        self.parts = parts
    }
}

/// The fewest failure domains of a kind whose loss would lose anything.
public struct DrillSmallest: Codable, Hashable, Sendable {
    /// `operator`, `hosting`, `jurisdiction`.
    public var kind: String
    /// `nil` when not even all of them lose anything; empty when something is lost already.
    public var domains: [String]?
    /// What would be lost.
    public var item: String?
    /// Whether fewer are certainly not enough.
    public var exact: Bool

    public init(kind: String, domains: [String]?, item: String?, exact: Bool) {
        self.kind = kind
        self.domains = domains
        self.item = item
        self.exact = exact
    }
}

/// What the loss of one failure domain does.
public struct DrillSingle: Codable, Hashable, Sendable {
    /// `operator`, `hosting`, `jurisdiction`.
    public var kind: String
    /// This machine's name for an operator, or its `k51…`; otherwise as claimed.
    public var name: String
    public var nodes: Int
    public var tally: DrillTally
    /// Further pieces and copies that the most endangered item may lose; negative when it is lost.
    public var spare: Int
    /// The most endangered item.
    public var weakest: String?
    /// Items that were really read without this domain.
    public var read: Int

    public init(
        kind: String,
        name: String,
        nodes: Int,
        tally: DrillTally,
        spare: Int,
        weakest: String?,
        read: Int
    ) {
        self.kind = kind
        self.name = name
        self.nodes = nodes
        self.tally = tally
        self.spare = spare
        self.weakest = weakest
        self.read = read
    }
}
