/// How a segment is coded: n pieces, any k of which rebuild all.
public struct SegmentCode: Hashable, Sendable, CustomStringConvertible {
    /// Pieces that are needed; the first k are the data itself.
    public let dataCount: Int
    /// Pieces that there are.
    public let totalCount: Int

    /// Most pieces of a segment: the nonzero elements of GF(2^8).
    public static let totalCountMax = 255
    /// Most pieces that are the data itself, on any mesh.
    public static let meshDataCountMax = 10

    /// - Throws: ``ObjectsError`` `.outOfRange` unless 1 ≤ k ≤ n ≤ 255.
    public init(dataCount: Int, totalCount: Int) throws(ObjectsError) {
        guard dataCount >= 1, dataCount <= totalCount, totalCount <= Self.totalCountMax else {
            throw ObjectsError(.outOfRange, "no code has \(dataCount) of \(totalCount) pieces, 1 ≤ k ≤ n ≤ 255")
        }
        self.init(valid: dataCount, totalCount)
    }

    private init(valid dataCount: Int, _ totalCount: Int) {
        self.dataCount = dataCount
        self.totalCount = totalCount
    }

    /// The code for a mesh of so many nodes: a third of the nodes suffice; under three nodes, whole copies.
    public static func forMesh(nodes: Int) -> SegmentCode {
        guard nodes >= 3 else { return SegmentCode(valid: 1, max(nodes, 1)) }
        let dataCount = min(meshDataCountMax, nodes / 3)
        return SegmentCode(valid: dataCount, 3 * dataCount)
    }

    /// So many durable pieces and the owner is told that the segment is safe: k + ⌈n/3⌉, at most n.
    public var acknowledgedAt: Int { min(totalCount, dataCount + (totalCount + 2) / 3) }

    /// Whether each piece is the whole segment.
    public var isWholeCopies: Bool { dataCount == 1 }

    public var description: String { "\(dataCount) of \(totalCount)" }
}
