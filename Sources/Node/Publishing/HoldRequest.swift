import Core
import Exchange
import NIOCore
import Transport

/// The asking side of ``HoldDesk``.
struct HoldRequest: Sendable {
    /// How long the asked node may be silent; it says every second that it is still copying.
    static let silenceMax = Duration.seconds(10)

    let client: PeerClient
    let mesh: MeshService

    /// Asks `node` to hold a site; returns when the copy is durable there.
    ///
    /// - Throws: ``NodeError`` `.mesh` with the node's reason, or ``TransportError``.
    func ask(_ node: NodeID, publication: [UInt8], progressed: @Sendable () -> Void) async throws {
        let request = ExchangeRequest.hold(publication: publication)
        let answer = try await client.request(
            to: node,
            at: mesh.addresses(of: node),
            path: request.path,
            body: ByteBuffer(bytes: request.encoded),
            deadline: .now + Self.silenceMax
        )
        var refusal: [UInt8]?
        for try await buffer in answer {
            for byte in buffer.readableBytesView {
                if refusal != nil {
                    if (refusal?.count ?? 0) < 512 { refusal?.append(byte) }
                } else if byte == 1 {
                    return
                } else if byte == 2 {
                    refusal = []
                } else {
                    progressed()
                }
            }
        }
        throw NodeError(.mesh, String(decoding: refusal ?? Array("it broke off".utf8), as: UTF8.self))
    }
}
