import Control
import Core
import Namespace
import Objects

extension NodeController {
    /// Most segments that one question looks at; each asks all of its holders.
    static let inspectedSegmentsMax = 512

    /// How safe an object is, or all that lies in a folder.
    func stat(_ name: String) async throws -> ObjectStatus {
        let owner = try objects.vault.existing()
        let name = try Self.name(name)
        let snapshot = try await objects.names.snapshot(of: owner)
        let own = snapshot.view.lookup(name)
        let isObject = own.map { $0.content != .folder } ?? false
        let entries = isObject ? [own].compactMap(\.self) : Array(snapshot.view.list(prefix: name.text + "/"))
        guard own != nil || !entries.isEmpty else { throw Self.unknown(name) }
        guard let kind = isObject ? own.flatMap({ ObjectKind($0.content) }) : .folder else {
            throw NodeError(.corrupt, "\(name) was written by a newer version of Holdfast; update this node")
        }
        let (references, withNames) = Self.segments(of: entries, snapshot)
        var segments: [SegmentStatus] = []
        var ends: [Instant] = []
        for reference in references.prefix(Self.inspectedSegmentsMax) {
            segments.append(try await objects.inspection.status(of: reference, owner: owner))
            if let end = try await objects.inspection.leaseEnd(of: reference, owner: owner) { ends.append(end) }
        }
        let all = entries + [own].compactMap(\.self)
        let rivals = snapshot.view.conflicts.filter { $0.name == name }
        return ObjectStatus(
            name: name.text,
            kind: kind,
            bytes: Int(clampingSumOf: entries.map(\.size)),
            modifiedMilliseconds: all.map(\.modified.milliseconds).max() ?? 0,
            // What holders say: the entries do not know of renewals.
            leaseEndMilliseconds: (ends.min() ?? all.map(\.leaseEnd).min())?.milliseconds ?? 0,
            objects: entries.count,
            objectsWithNames: withNames,
            segments: segments,
            segmentsLeftOut: max(references.count - Self.inspectedSegmentsMax, 0),
            spare: segments.map(\.spare).min() ?? 0,
            conflicts: rivals.map {
                "device \($0.loser.stamp.device.short) wrote \($0.loser.size) bytes at the same time"
            }
        )
    }

    /// The segments that entries lie in, each once, and how many entries have none but the names'.
    private static func segments(
        of entries: [NamespaceEntry],
        _ snapshot: NamespaceService.Snapshot
    ) -> (references: [SegmentReference], withNames: Int) {
        var extents: [SegmentReference] = []
        var withNames = 0
        for entry in entries {
            if case .object(let object) = entry.content {
                extents += object.extents.map(\.segment)
            } else {
                withNames += 1
            }
        }
        if withNames > 0 || entries.isEmpty { extents += snapshot.nameSegments }
        var seen: Set<Digest> = []
        return (extents.filter { seen.insert($0.id).inserted }, withNames)
    }
}
