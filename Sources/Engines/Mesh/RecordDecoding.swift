import Core

/// Turns bytes into an admission or a node, every signature verified.
///
/// The seam at which a simulation shares one verification of a record among all its nodes, for which the answer is the
/// same by definition; nodes that run for real use ``VerifyingDecoder``.
public protocol RecordDecoding: Sendable {
    /// - Throws: ``MeshError`` as ``AdmissionRecord/init(decoding:)``.
    func admission(_ bytes: [UInt8]) throws(MeshError) -> AdmissionRecord
    /// - Throws: ``MeshError`` as ``NodeRecord/init(decoding:)``.
    func node(_ bytes: [UInt8]) throws(MeshError) -> NodeRecord
}

/// Verifies each record anew.
public struct VerifyingDecoder: RecordDecoding {
    public init() {}

    public func admission(_ bytes: [UInt8]) throws(MeshError) -> AdmissionRecord {
        try AdmissionRecord(decoding: bytes)
    }

    public func node(_ bytes: [UInt8]) throws(MeshError) -> NodeRecord { try NodeRecord(decoding: bytes) }
}
