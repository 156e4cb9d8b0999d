import Content
import Core

/// A block that a walk needs is not on this machine.
struct BlockMissing: Error {
    let cid: CID
}

/// What an answer to ``ExchangeRequest/entity(root:path:bytes:)`` may hold: who answers and who asked walk the same way.
enum EntityWalk {
    /// The blocks that a walk comes across, each once, as far as blocks are there and well made.
    ///
    /// Where a path leads nowhere, they are the proof of it; where a block is malformed, it is the last one.
    static func reach(_ selection: TrustlessSelection, read: BlockReader) -> [CID] {
        var reached: [CID] = []
        var seen: Set<CID> = []
        func reach(_ cid: CID) {
            if seen.insert(cid).inserted { reached.append(cid) }
        }
        do {
            try selection.blocks(
                read: { cid in
                    let bytes = try read(cid)
                    reach(cid)
                    return bytes
                },
                visit: reach
            )
        } catch {
            // The walk ends where a block is missing or cannot be followed; what it reached counts.
        }
        return reached
    }
}
