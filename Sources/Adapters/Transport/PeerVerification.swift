import Core
import NIOCore
import NIOSSL
import Synchronization

/// Whose certificate the other side of one connection showed.
///
/// Filled by the TLS verification callback, that is, before the peer has proven to hold the key: believe it only once
/// the handshake is complete.
final class PeerVerification: Sendable {
    private let seen = Mutex<NodeID?>(nil)
    private let expected: NodeID?

    /// - Parameter expected: The only node to accept; `nil` accepts any node key.
    init(expected: NodeID?) {
        self.expected = expected
    }

    /// The key in the peer's certificate.
    var peer: NodeID? { seen.withLock { $0 } }

    func verify(_ chain: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResult>) {
        let peer = Self.nodeKey(in: chain)
        seen.withLock { $0 = peer }
        promise.succeed(peer != nil && (expected == nil || expected == peer) ? .certificateVerified : .failed)
    }

    /// SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410, section 4).
    private static let spkiPrefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]

    /// The Ed25519 key of a chain of exactly one certificate.
    private static func nodeKey(in chain: [NIOSSLCertificate]) -> NodeID? {
        // BoringSSL has parsed the leaf's key by now: a certificate with an unreadable key never comes this far.
        guard chain.count == 1, let spki = try? chain.first?.extractPublicKey().toSPKIBytes(),
            spki.count == spkiPrefix.count + NodeID.byteCount, spki.starts(with: spkiPrefix)
        else { return nil }
        return try? NodeID(spki.dropFirst(spkiPrefix.count))
    }
}
