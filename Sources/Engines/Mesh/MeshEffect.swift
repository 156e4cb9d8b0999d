import Core

/// What the mesh engine wants done.
public enum MeshEffect: Hashable, Sendable {
    /// Send a message; it may get lost. A message to the node whose message is being handled may travel as its answer.
    case send([UInt8], to: NodeID)
    /// A record is new or newer: persist it.
    case stored(RecordHeader, [UInt8])
    /// A record has expired: forget it.
    case forgotten(RecordKey)
    /// A member's status, or its claims, changed.
    case memberChanged(NodeID)
    /// Nothing is left to do before `at`, unless something happens.
    case wake(at: Instant)
}

/// Is told which record is being processed, so that the culprit is known should the process crash on it.
///
/// Nothing comes back from it: what a machine does is the same with and without one.
public protocol RecordWatching: Sendable {
    /// The record with this digest is about to be looked at, and no other until ``end()``.
    func begin(_ digest: Digest)
    /// It was taken in, refused, or put aside.
    func end()
}

/// Decodes and verifies records of kinds that the mesh itself does not know.
public protocol RecordJudging: Sendable {
    /// - Throws: ``MeshError``; `.unknownSigner` when the record may pass once more of the mesh is known.
    func judge(
        _ kind: RecordKind,
        _ bytes: [UInt8],
        now: Instant,
        operatorOf: (NodeID) -> OperatorID?,
        isAdmitted: (OperatorID) -> Bool
    ) throws(MeshError) -> RecordHeader
}
