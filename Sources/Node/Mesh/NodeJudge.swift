import Core
import Mesh
import Owners
import Publishing

/// Tells gossip what publications, holdings, devices and namespace roots are.
package struct NodeJudge: RecordJudging {
    let mesh: CID
    let devices: DeviceRegistry
    let variation: NodeVariation

    package init(mesh: CID, devices: DeviceRegistry, variation: NodeVariation = NodeVariation()) {
        self.mesh = mesh
        self.devices = devices
        self.variation = variation
    }

    package func judge(
        _ kind: RecordKind,
        _ bytes: [UInt8],
        now: Instant,
        operatorOf: (NodeID) -> OperatorID?,
        isAdmitted: (OperatorID) -> Bool
    ) throws(MeshError) -> RecordHeader {
        variation.look(kind, bytes)
        if let header = try variation.judge(kind, bytes, operatorOf) { return header }
        switch kind {
        case .device, .namespaceRoot:
            do {
                return try OwnersJudge.judge(
                    kind,
                    bytes,
                    mesh: mesh,
                    now: now,
                    devices: devices.list,
                    isAdmitted: isAdmitted
                ).header
            } catch {
                throw MeshError(Self.code(of: error), error.message, cause: error.cause)
            }
        default:
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

    private static func code(of error: OwnersError) -> MeshError.Code {
        switch error.code {
        case .badSignature, .revoked: .forged
        case .wrongMesh: .wrongMesh
        case .expired: .outOfTime
        case .unknownSigner: .unknownSigner
        default: .malformed
        }
    }
}
