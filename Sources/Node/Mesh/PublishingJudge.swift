import Core
import Mesh
import Publishing

/// Tells gossip what publications and holdings are.
package struct PublishingJudge: RecordJudging {
    let mesh: CID

    package init(mesh: CID) {
        self.mesh = mesh
    }

    package func judge(
        _ kind: RecordKind,
        _ bytes: [UInt8],
        now: Instant,
        operatorOf: (NodeID) -> OperatorID?,
        isAdmitted: (OperatorID) -> Bool
    ) throws(MeshError) -> RecordHeader {
        do {
            return try RecordJudge.judge(
                kind,
                bytes,
                mesh: mesh,
                now: now,
                operatorOf: operatorOf,
                isAdmitted: isAdmitted
            ).header
        } catch {
            throw MeshError(Self.code(of: error), error.message, cause: error.cause)
        }
    }

    private static func code(of error: PublishingError) -> MeshError.Code {
        switch error.code {
        case .badSignature: .forged
        case .wrongMesh: .wrongMesh
        case .expired: .outOfTime
        case .unknownSigner: .unknownSigner
        default: .malformed
        }
    }
}
