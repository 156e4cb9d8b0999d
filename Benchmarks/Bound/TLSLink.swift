import Core
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Transport

/// Two ends of TLS 1.3 over loopback, each on a thread of its own: what the library and the kernel take, and nothing else.
final class TLSLink {
    /// Bytes of a write.
    private static let writeLength = 256 << 10

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    private let counter = Counter()
    private let listener: any Channel
    private let client: any Channel

    init() throws {
        var generator = SystemRandomNumberGenerator()
        let seed = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let identity = try NodeIdentity(key: SigningKey<NodeRole>(seed: seed))
        let counter = counter
        listener = try ServerBootstrap(group: group)
            .childChannelOption(.recvAllocator, value: Self.receiveAllocator)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        NIOSSLServerHandler(context: identity.serverContext, customVerificationCallback: Self.accept)
                    )
                    try pipeline.addHandler(counter)
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        guard let address = listener.localAddress else { throw ChannelError.unknownLocalAddress }
        client = try ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(
                            context: identity.clientContext,
                            serverHostname: nil,
                            customVerificationCallback: Self.accept
                        )
                    )
                }
            }
            .connect(to: address).wait()
    }

    private static let accept: @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResult>) -> Void = {
        $1.succeed(.certificateVerified)
    }

    private static var receiveAllocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 256 << 10)
    }

    func close() {
        try? client.close().wait()
        try? listener.close().wait()
        try? group.syncShutdownGracefully()
    }

    /// Sends `bytes`; returns when all have arrived.
    func send(_ bytes: UnsafeRawBufferPointer) throws {
        let arrived = client.eventLoop.makePromise(of: Void.self)
        counter.expect(bytes.count, arrived)
        var buffer = ByteBufferAllocator().buffer(capacity: Self.writeLength)
        var last: [EventLoopFuture<Void>] = []
        for start in stride(from: 0, to: bytes.count, by: Self.writeLength) {
            let part = bytes[start..<min(start + Self.writeLength, bytes.count)]
            buffer.clear()
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: part))
            last.append(client.writeAndFlush(buffer))
            // A few are on their way, so that neither end waits.
            if last.count > 4 { try last.removeFirst().wait() }
        }
        try arrived.futureResult.wait()
    }
}

/// Counts what arrives.
private final class Counter: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private struct State {
        var missing = 0
        var arrived: EventLoopPromise<Void>?
    }

    private let state = Mutex(State())

    func expect(_ byteCount: Int, _ arrived: EventLoopPromise<Void>) {
        state.withLock { $0 = State(missing: byteCount, arrived: arrived) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let count = unwrapInboundIn(data).readableBytes
        let arrived: EventLoopPromise<Void>? = state.withLock { state in
            state.missing -= count
            return state.missing == 0 ? state.arrived : nil
        }
        arrived?.succeed()
    }
}
