import Core
import Mesh

/// In what a build differs from this version, for tests of meshes in which nodes run different builds.
///
/// The program itself runs without one; nothing that a peer or a user says makes one.
package struct NodeVariation: Sendable {
    /// Records of its own that a node of this build spreads once it serves.
    package typealias Submission =
        @Sendable (_ node: SigningKey<NodeRole>, _ mesh: CID, _ now: Instant) -> [(kind: RecordKind, bytes: [UInt8])]

    /// Sees each record of a kind that gossip itself does not know, before it is decoded.
    package var look: @Sendable (RecordKind, [UInt8]) -> Void = { _, _ in }
    /// Decodes records of kinds that this version does not know; `nil` for those that are not its own.
    package var judge: @Sendable (RecordKind, [UInt8], (NodeID) -> OperatorID?) throws(MeshError) -> RecordHeader?
    /// Fields of the node's record that this version does not know.
    package var claims: [String: CBOR] = [:]
    package var submit: Submission = { _, _, _ in [] }

    package init() {
        judge = { (_, _, _) throws(MeshError) in nil }
    }
}
