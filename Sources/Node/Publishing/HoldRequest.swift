import Core
import Exchange
import NIOCore
import Transport

/// The asking side of ``HoldDesk``.
struct HoldRequest: Sendable {
    /// How long the asked node may be silent; it says every second that it is still copying.
    static let silenceMax = Duration.seconds(10)

    /// How long a copy may take at most.
    static let copyMax = Duration.seconds(24 * 3_600)

    let client: PeerClient
    let mesh: MeshService

    /// Asks `node` to hold a site; returns when the copy is durable there.
    ///
    /// - Throws: ``NodeError`` `.mesh` with the node's reason, or ``TransportError``.
    func ask(_ node: NodeID, publication: [UInt8], reports: AsyncStream<PlacingEvent>.Continuation? = nil) async throws
    {
        let request = ExchangeRequest.hold(publication: publication)
        let stream = try await client.request(
            to: node,
            at: mesh.addresses(of: node),
            path: request.path,
            body: ByteBuffer(bytes: request.encoded),
            deadline: .now + Self.silenceMax,
            bodyDeadline: .now + Self.copyMax
        )
        var answer = HoldAnswer()
        for try await buffer in stream where answer.read(buffer) { reports?.yield(.progressed(node)) }
        guard answer.isHeld else { throw NodeError(.mesh, answer.reason) }
    }
}

/// What ``HoldDesk`` writes, as it arrives.
package struct HoldAnswer {
    /// Longest reason that is read, in bytes.
    package static let reasonBytesMax = 512

    package private(set) var isHeld = false
    private var refusal: [UInt8]?

    package init() {}

    /// - Returns: Whether the node said that it is still copying.
    package mutating func read(_ buffer: ByteBuffer) -> Bool {
        var isCopying = false
        for byte in buffer.readableBytesView where !isHeld {
            if let text = refusal {
                if text.count < Self.reasonBytesMax { refusal?.append(byte) }
            } else {
                switch byte {
                case 0: isCopying = true
                case 1: isHeld = true
                default: refusal = []
                }
            }
        }
        return isCopying
    }

    /// Why the node does not hold it, in printable ASCII: it goes to logs and terminals.
    package var reason: String {
        guard let refusal else { return "the answer broke off" }
        return String(decoding: refusal.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
