import Core

/// The plan for bringing a whole DAG in from other nodes, of which some blocks may be here already.
///
/// Inner blocks come first, because they say what follows; leaves are asked for in file order, so that the leaves of a
/// file arrive, and come to lie, next to each other. The driver answers with what is here and with the bytes of inner
/// blocks; it verifies every block that arrives, and sees to it that the leaves it was told to bring in did arrive.
public struct DAGFetch: Sendable {
    public enum Step: Hashable, Sendable {
        /// Which of these are here? Answer with ``answer(present:complete:)``.
        case check([CID])
        /// Bring these in, in this order; report inner blocks with ``arrived(_:bytes:)``, then ask for the next step.
        case want([CID])
        /// Read these inner blocks, which are here, and report them with ``arrived(_:bytes:)``.
        case read([CID])
        /// Everything is here, if all that was wanted came.
        case done
    }

    /// Most CIDs in one step.
    public static let batchMax = 1_024
    /// How many links are looked at to fill a batch with inner blocks.
    private static let windowMax = 16 * batchMax

    public let root: CID
    /// What was not yet looked at, in file order from the last to the first.
    private var rest: [CID]
    /// The inner blocks that are being brought in, and the leaves between and after them, in file order.
    private var window: [CID] = []
    /// The links of the inner blocks in `window` that arrived.
    private var links: [CID: [CID]] = [:]
    private var leaves: [CID] = []
    private var nextLeaf = 0
    private var seen: Set<CID> = []
    private var awaited: Set<CID> = []
    private var checking: [CID] = []
    private var isCheckingLeaves = false
    /// Blocks that were not here.
    public private(set) var missingCount = 0
    /// All blocks found so far.
    public var blockCount: Int { seen.count }

    public init(root: CID) {
        self.root = root
        rest = [root]
    }

    /// What to do next.
    ///
    /// - Throws: ``ContentError`` `.incomplete` when inner blocks that were asked for did not arrive, `.tooLarge` over
    ///   ``WalkLimits/blocksMax``.
    public mutating func next() throws(ContentError) -> Step {
        if let lost = awaited.min() {
            throw ContentError(.incomplete, "\(lost) of \(root) did not arrive, \(awaited.count) blocks are missing")
        }
        if checking.isEmpty {
            try expandWindow()
            try fillWindow()
        }
        if !checking.isEmpty { return .check(checking) }
        guard nextLeaf < leaves.count else { return .done }
        checking = Array(leaves[nextLeaf..<min(nextLeaf + Self.batchMax, leaves.count)])
        nextLeaf += checking.count
        isCheckingLeaves = true
        return .check(checking)
    }

    /// The answer to ``Step/check(_:)``.
    ///
    /// - Parameters:
    ///   - present: the blocks that are here.
    ///   - complete: the inner blocks of which everything below is known to be here too; those are not looked into.
    /// - Returns: What to do about it: read what is here and bring in the rest, in this order.
    public mutating func answer(present: Set<CID>, complete: Set<CID> = []) -> [Step] {
        guard !checking.isEmpty else { return [] }
        let asked = checking.filter { !complete.contains($0) }
        for cid in checking where complete.contains(cid) { links[cid] = [] }
        checking = []
        let missing = asked.filter { !present.contains($0) }
        missingCount += missing.count
        defer { isCheckingLeaves = false }
        if isCheckingLeaves { return missing.isEmpty ? [] : [.want(missing)] }
        awaited = Set(asked)
        let here = asked.filter(present.contains)
        return (here.isEmpty ? [] : [.read(here)]) + (missing.isEmpty ? [] : [.want(missing)])
    }

    /// An inner block is here; leaves may be reported too and are ignored.
    ///
    /// - Throws: ``ContentError`` when it cannot be read.
    public mutating func arrived(_ cid: CID, bytes: [UInt8]) throws(ContentError) {
        guard awaited.contains(cid) else { return }
        links[cid] = try DAGWalk.links(of: cid, bytes: bytes)
        awaited.remove(cid)
    }

    // MARK: - Order

    /// Puts the links of what arrived where the inner blocks were.
    private mutating func expandWindow() throws(ContentError) {
        for cid in window.reversed() {
            if let below = links[cid] {
                rest += below.reversed()
            } else {
                rest.append(cid)
            }
        }
        window = []
        links = [:]
        guard rest.count <= WalkLimits.blocksMax else {
            throw ContentError(.tooLarge, "\(root) has more than \(WalkLimits.blocksMax) links at once")
        }
    }

    /// Looks for the next inner blocks. A leaf counts as found only when no unread inner block precedes it.
    private mutating func fillWindow() throws(ContentError) {
        while checking.count < Self.batchMax, window.count < Self.windowMax, let cid = rest.popLast() {
            guard !seen.contains(cid) else { continue }
            guard seen.count < WalkLimits.blocksMax else {
                throw ContentError(.tooLarge, "\(root) has more than \(WalkLimits.blocksMax) blocks")
            }
            if case .identity(let bytes) = cid.hash {
                rest += try DAGWalk.links(of: cid, bytes: bytes).reversed()
            } else if cid.codec == .dagPB {
                seen.insert(cid)
                checking.append(cid)
                window.append(cid)
            } else if window.isEmpty {
                seen.insert(cid)
                leaves.append(cid)
            } else {
                window.append(cid)
            }
        }
    }
}
