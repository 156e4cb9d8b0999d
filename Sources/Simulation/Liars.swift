import Core
import Mesh

/// Nodes that say what is not so; what they send is encoded here as another implementation would do it.
///
/// They keep the rules otherwise, so that nobody can tell them from the others.
struct Liars: Sendable {
    let nodes: [NodeID]
    /// Records as they were at the beginning, which are told again when they are old.
    var stale: [(key: RecordKey, version: UInt64, bytes: [UInt8])] = []

    /// Node record, node dead, and body kinds of messages as they are on the wire.
    private enum Wire {
        static let news = UInt64(0)
        static let ping = UInt64(1)
        static let records = UInt64(4)
        static let suspect = UInt64(2)
        static let dead = UInt64(3)
        static let urgent = UInt64(2)
    }

    /// "This node is suspected", and "it is dead", with an incarnation a little above what it may have.
    static func accusation(of node: NodeID, incarnation: UInt64, clock: Instant) -> [UInt8] {
        message(
            clock,
            Wire.news,
            [
                "u": .array(
                    [Wire.suspect, Wire.dead].map {
                        .array([.bytes(node.bytes), .unsigned($0), .unsigned(incarnation)])
                    }
                )
            ]
        )
    }

    static func records(_ records: [(key: RecordKey, version: UInt64, bytes: [UInt8])], clock: Instant) -> [UInt8] {
        let items = records.map { record in
            CBOR.array([
                .unsigned(UInt64(record.key.kind.code)), .bytes(record.key.subject), .unsigned(record.version),
                .bytes(record.bytes),
            ])
        }
        return message(clock, Wire.records, ["r": .array(items)])
    }

    /// "Be my neighbour, I have nobody else."
    static func wish(clock: Instant) -> [UInt8] {
        message(clock, Wire.ping, ["s": .unsigned(1), "w": .unsigned(Wire.urgent)])
    }

    private static func message(_ clock: Instant, _ kind: UInt64, _ fields: [String: CBOR]) -> [UInt8] {
        let head: [String: CBOR] = [
            "c": .integer(clock.milliseconds), "i": .unsigned(UInt64(clamping: clock.milliseconds)),
            "k": .unsigned(kind),
        ]
        return CBOR.map(head.merging(fields) { $1 }).encoded()
    }
}
