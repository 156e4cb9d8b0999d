import Content
import Core
import GRDB
import SQLite

/// What of a DAG is here.
public struct DAGState: Sendable {
    /// Blocks that are needed next, at most as many as were asked for; empty when the DAG is complete.
    public var missing: [CID] = []
    /// Blocks of the DAG that are here and were looked at; a part that is pinned already counts as one.
    public var presentCount = 0
}

extension BlockStore {
    /// Looks for blocks of the DAG under `root` that are not here; parts that are pinned are complete and not entered.
    ///
    /// - Throws: ``BlockStoreError`` `.badBlock` when a node cannot be read.
    public func state(ofDAG root: CID, missingMax: Int) throws -> DAGState {
        try readTogether { database in
            var state = DAGState()
            var seen: Set<BlockKey> = []
            var work = [root]
            while let cid = work.popLast(), state.missing.count < missingMax {
                guard let key = BlockKey(cid), seen.insert(key).inserted else { continue }
                guard let row = try Self.row(key, database), row.isPresent else {
                    state.missing.append(cid)
                    continue
                }
                state.presentCount += 1
                guard row.refs == 0, cid.codec == .dagPB else { continue }
                work += try Self.links(of: cid, row, database).reversed()
            }
            return state
        }
    }

    /// The links of a dag-pb block in the index.
    static func links(of cid: CID, _ row: BlockRow, _ database: Database) throws -> [CID] {
        let statement = try RawStatement(database, "SELECT data FROM node WHERE id = ?")
        statement.bind(1, row.offset)
        let bytes = try statement.first { $0.bytes(0) } ?? []
        do {
            return try DAGPBNode(decoding: bytes).links.map(\.cid)
        } catch {
            throw BlockStoreError(.badBlock, "the block \(cid) is no valid dag-pb node", cid: cid, cause: error)
        }
    }
}
