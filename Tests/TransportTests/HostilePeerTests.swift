import Core
import Crypto
import Foundation
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL
import Testing
import Transport
import X509

@Suite(.serialized, .timeLimit(.minutes(1))) struct HostilePeerTests {
    /// Connects to the server with raw bytes or a foreign TLS set-up, and waits until it is thrown out.
    private static func expectThrownOut(
        _ pair: Pair,
        _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) async throws {
        let before = pair.server.counters.handshakesFailed
        let channel = try await ClientBootstrap(group: loops)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try configure(channel) } }
            .connect(host: "127.0.0.1", port: pair.server.address.port).get()
        try await channel.closeFuture.get()
        await eventually { pair.server.counters.handshakesFailed == before + 1 }
        #expect(try await pair.call("/still") == "/still|")
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\n\r\n".utf8), Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8),
        [UInt8](repeating: 0xFF, count: 100_000), [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00],
    ])
    func bytes_thatAreNotTLS_changeNothing(bytes: [UInt8]) async throws {
        try await withPair(echo) { pair async throws in
            try await Self.expectThrownOut(pair) { channel in
                channel.eventLoop.execute { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
            }
        }
    }

    @Test func connection_thatSaysNothing_isClosedAfterTheHandshakeTime() async throws {
        var limits = PeerServerLimits()
        limits.handshakeTimeMax = .milliseconds(50)
        try await withPair(echo, server: limits) { pair async throws in
            try await Self.expectThrownOut(pair) { _ in }
        }
    }

    @Test func client_withoutCertificate_isTurnedAway() async throws {
        try await withPair(echo) { pair async throws in
            try await Self.expectThrownOut(pair) { channel in
                try channel.pipeline.syncOperations.addHandler(Self.tls(certificate: nil))
            }
        }
    }

    @Test func client_withAnotherKindOfKey_isTurnedAway() async throws {
        let (certificate, key) = try Self.ellipticCertificate()
        try await withPair(echo) { pair async throws in
            try await Self.expectThrownOut(pair) { channel in
                try channel.pipeline.syncOperations.addHandler(Self.tls(certificate: (certificate, key)))
            }
        }
    }

    @Test func request_thatNeverEnds_is408() async throws {
        var limits = PeerServerLimits()
        limits.requestTimeMax = .milliseconds(50)
        try await withPair(echo, server: limits) { pair async throws in
            let status = try await Self.statusOf(
                [":method": "POST", ":scheme": "https", ":path": "/", ":authority": "x"],
                pair: pair
            )
            #expect(status == "408")
            #expect(try await pair.call("/still") == "/still|")
        }
    }

    @Test func request_withAnotherMethod_is405() async throws {
        try await withPair(echo) { pair async throws in
            let status = try await Self.statusOf(
                [":method": "GET", ":scheme": "https", ":path": "/", ":authority": "x"],
                pair: pair
            )
            #expect(status == "405")
        }
    }

    @Test func request_thatAnnouncesTooMuch_is413AtOnce() async throws {
        try await withPair(echo) { pair async throws in
            let headers: HPACKHeaders = [
                ":method": "POST", ":scheme": "https", ":path": "/", ":authority": "x", "content-length": "99999999",
            ]
            #expect(try await Self.statusOf(headers, pair: pair) == "413")
        }
    }

    // MARK: foreign clients

    private static func tls(certificate: (NIOSSLCertificate, NIOSSLPrivateKey)?) throws -> NIOSSLClientHandler {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["h2"]
        configuration.trustRoots = .certificates([])
        if let (certificate, key) = certificate {
            configuration.certificateChain = [.certificate(certificate)]
            configuration.privateKey = .privateKey(key)
        }
        return try NIOSSLClientHandler(
            context: NIOSSLContext(configuration: configuration),
            serverHostname: nil,
            customVerificationCallback: { $1.succeed(.certificateVerified) }
        )
    }

    private static func ellipticCertificate() throws -> (NIOSSLCertificate, NIOSSLPrivateKey) {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName { CommonName("x") }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: .init(1),
            publicKey: key.publicKey,
            notValidBefore: .distantPast,
            notValidAfter: Date(timeIntervalSince1970: 4e9),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: .init(),
            issuerPrivateKey: key
        )
        return (
            try NIOSSLCertificate(bytes: certificate.serializeAsPEM().derBytes, format: .der),
            try NIOSSLPrivateKey(bytes: key.serializeAsPEM().derBytes, format: .der)
        )
    }

    /// The status that the server gives to a request that consists of `headers` and never ends.
    private static func statusOf(_ headers: HPACKHeaders, pair: Pair) async throws -> String {
        let context = try identity(3).clientContext
        let (channel, multiplexer) = try await ClientBootstrap(group: loops)
            .connect(host: "127.0.0.1", port: pair.server.address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try NIOSSLClientHandler(
                        context: context,
                        serverHostname: nil,
                        customVerificationCallback: { $1.succeed(.certificateVerified) }
                    )
                    let http2 = NIOHTTP2Handler(mode: .client, eventLoop: channel.eventLoop) { $0.close() }
                    try channel.pipeline.syncOperations.addHandlers(tls, http2)
                    return (channel, try http2.syncMultiplexer())
                }
            }
        let status = channel.eventLoop.makePromise(of: String.self)
        _ = try await multiplexer.createStreamChannel { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(OpenRequest(headers: headers, status: status))
            }
        }.get()
        let seen = try await status.futureResult.get()
        try await channel.close()
        return seen
    }
}

/// Sends a head without an end and reports the status that comes back.
private final class OpenRequest: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let headers: HPACKHeaders
    private let status: EventLoopPromise<String>

    init(headers: HPACKHeaders, status: EventLoopPromise<String>) {
        self.headers = headers
        self.status = status
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .headers(let frame) = unwrapInboundIn(data) else { return }
        status.succeed(frame.headers.first(name: ":status") ?? "none")
    }

    func channelInactive(context: ChannelHandlerContext) {
        status.succeed("closed")
    }
}
