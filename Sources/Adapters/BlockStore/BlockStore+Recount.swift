import Content
import Core
import GRDB
import SQLite

/// What a full count of the index found; every number but the first is 0 in a sound store.
public struct RecountReport: Hashable, Sendable {
    public var blocks = 0
    /// The accounts differ from the sum of the rows.
    public var accountsOff = 0
    /// Blocks whose references are not those that pins and pinned blocks hold.
    public var referencesOff = 0
    /// Volumes whose live or dead bytes do not add up to their length.
    public var volumesOff = 0
    /// Inline blocks without bytes, or bytes without a block.
    public var nodesOff = 0
    /// Blocks that are needed and were withdrawn.
    public var withdrawn = 0

    public var isSound: Bool { accountsOff + referencesOff + volumesOff + nodesOff == 0 }
}

extension BlockStore {
    /// Counts all over again and compares; reads the whole index, takes memory by the number of blocks.
    public func recount() throws -> RecountReport {
        try Self.mapErrors {
            try index.read { database in
                var report = RecountReport()
                let rows = try RawStatement(
                    database,
                    "SELECT digest, codec, volume, offset, length, refs, used FROM block"
                ).all { (key: try $0.key(0), row: BlockRow($0, from: 2)) }
                report.blocks = rows.count
                report.withdrawn = rows.filter { !$0.row.isPresent }.count
                let byKey = Dictionary(uniqueKeysWithValues: rows.map { ($0.key, $0.row) })
                try compareAccounts(byKey, database, &report)
                try compareReferences(byKey, database, &report)
                try compareVolumes(byKey, database, &report)
                try compareNodes(byKey, database, &report)
                return report
            }
        }
    }

    private func compareAccounts(
        _ rows: [BlockKey: BlockRow],
        _ database: Database,
        _ report: inout RecountReport
    ) throws {
        var counted = Accounting()
        for row in rows.values { counted.count(row, sign: 1) }
        counted.dead =
            try RawStatement(database, "SELECT coalesce(sum(unpunched), 0) FROM dead")
            .first { $0.integer(0) } ?? 0
        if try counted != IndexTransaction.accounting(database) { report.accountsOff += 1 }
    }

    private func compareReferences(
        _ rows: [BlockKey: BlockRow],
        _ database: Database,
        _ report: inout RecountReport
    ) throws {
        var counted: [BlockKey: Int64] = [:]
        for root in try RawStatement(database, "SELECT digest, codec FROM pin").all({ try $0.key(0) }) {
            counted[root, default: 0] += 1
        }
        // Blocks that wait for their release still hold their children.
        for (key, row) in rows where row.isPresent && (row.refs > 0 || row.used == 0) {
            guard key.codec == CID.Codec.dagPB.code else { continue }
            for link in try Self.links(of: key.cid, row, database) {
                if let child = BlockKey(link) { counted[child, default: 0] += 1 }
            }
        }
        // What a withdrawn node holds cannot be counted.
        let isPartial = rows.contains { $0.key.codec == CID.Codec.dagPB.code && !$0.value.isPresent }
        for (key, row) in rows {
            let found = counted.removeValue(forKey: key) ?? 0
            if row.refs < found || (row.refs > found && !isPartial) { report.referencesOff += 1 }
        }
        report.referencesOff += counted.count
        let queued = Set(try RawStatement(database, "SELECT digest, codec FROM release_queue").all { try $0.key(0) })
        let releasing = Set(rows.filter { $0.value.refs == 0 && $0.value.used == 0 }.keys)
        report.referencesOff += queued.symmetricDifference(releasing).count
    }

    private func compareVolumes(
        _ rows: [BlockKey: BlockRow],
        _ database: Database,
        _ report: inout RecountReport
    ) throws {
        var live: [Int64: Int64] = [:]
        var ranges: [Int64: [Range<Int>]] = [:]
        for row in rows.values where row.isInVolume {
            live[row.volume, default: 0] += Int64(row.length)
            ranges[row.volume, default: []].append(row.range)
        }
        try RawStatement(database, "SELECT volume, offset, length FROM dead").forEach { row in
            let start = Int(row.integer(1))
            ranges[row.integer(0), default: []].append(start..<start + Int(row.integer(2)))
        }
        let volumes = try RawStatement(database, "SELECT id, length, live FROM volume")
            .all { (id: $0.integer(0), length: $0.integer(1), live: $0.integer(2)) }
        for volume in volumes {
            var end = 0
            var isGapless = true
            for range in (ranges.removeValue(forKey: volume.id) ?? []).sorted(by: { $0.lowerBound < $1.lowerBound }) {
                isGapless = isGapless && range.lowerBound == end
                end = range.upperBound
            }
            let isSound = isGapless && end == Int(volume.length) && live[volume.id] ?? 0 == volume.live
            if !isSound { report.volumesOff += 1 }
        }
        report.volumesOff += ranges.count
    }

    private func compareNodes(
        _ rows: [BlockKey: BlockRow],
        _ database: Database,
        _ report: inout RecountReport
    ) throws {
        let stored = Set(try RawStatement(database, "SELECT id FROM node").all { $0.integer(0) })
        let needed = Set(rows.values.filter { $0.volume == BlockRow.inline }.map(\.offset))
        report.nodesOff = stored.symmetricDifference(needed).count
    }
}

extension BlockStore {
    /// The volume files and their committed lengths in bytes.
    package func volumeLengths() throws -> [String: Int] {
        try read { database in
            let volumes = try RawStatement(database, "SELECT id, length FROM volume")
                .all { (VolumePool.name(of: $0.integer(0)), Int($0.integer(1))) }
            return Dictionary(uniqueKeysWithValues: volumes)
        }
    }
}
