import Core
import Crypto
import FoundationEssentials
import NIOSSL
import X509

/// A node's key as the TLS 1.3 identity that both its server and its client show.
///
/// The certificate is a self-signed container for the Ed25519 node key. Nothing in it is believed but the key, and that
/// only because the handshake proves its possession: no name, date or authority is looked at, so neither DNS nor the
/// right time is needed.
public struct NodeIdentity: Sendable {
    /// The node's public key.
    public let id: NodeID
    package let serverContext: NIOSSLContext
    package let clientContext: NIOSSLContext

    /// Builds both TLS contexts; do it once per process.
    ///
    /// - Throws: ``TransportError`` `.identity` when the TLS library refuses the key.
    public init(key: SigningKey<NodeRole>) throws(TransportError) {
        id = key.id
        do {
            let private_ = try Curve25519.Signing.PrivateKey(rawRepresentation: key.seed)
            let issuer = Certificate.PrivateKey(private_)
            let certificate = try NIOSSLCertificate(bytes: Self.selfSigned(issuer), format: .der)
            let privateKey = try NIOSSLPrivateKey(bytes: issuer.serializeAsPEM().derBytes, format: .der)
            let server = TLSConfiguration.makeServerConfigurationWithMTLS(
                certificateChain: [.certificate(certificate)],
                privateKey: .privateKey(privateKey),
                trustRoots: .certificates([])
            )
            serverContext = try NIOSSLContext(configuration: Self.restricted(server))
            var client = TLSConfiguration.makeClientConfiguration()
            client.certificateChain = [.certificate(certificate)]
            client.privateKey = .privateKey(privateKey)
            clientContext = try NIOSSLContext(configuration: Self.restricted(client))
        } catch {
            throw TransportError(.identity, "no TLS certificate could be made from the node key \(key.id): \(error)")
        }
    }

    /// TLS 1.3, Ed25519 and X25519 only; no system trust store is loaded.
    private static func restricted(_ base: TLSConfiguration) -> TLSConfiguration {
        var configuration = base
        configuration.minimumTLSVersion = .tlsv13
        configuration.maximumTLSVersion = .tlsv13
        configuration.signingSignatureAlgorithms = [.ed25519]
        configuration.verifySignatureAlgorithms = [.ed25519]
        configuration.curves = [.x25519]
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates([])
        configuration.applicationProtocols = [HTTP2Profile.applicationProtocol]
        configuration.shutdownTimeout = .seconds(1)
        return configuration
    }

    /// The certificate in DER: the same bytes for the same key, valid from 2020 to 9999 because dates say nothing here.
    private static func selfSigned(_ key: Certificate.PrivateKey) throws -> [UInt8] {
        let name = try DistinguishedName { CommonName("holdfast node") }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(1),
            publicKey: key.publicKey,
            notValidBefore: Date(timeIntervalSince1970: 1_577_836_800),
            notValidAfter: Date(timeIntervalSince1970: 253_402_300_799),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ed25519,
            extensions: Certificate.Extensions {},
            issuerPrivateKey: key
        )
        return try certificate.serializeAsPEM().derBytes
    }
}
