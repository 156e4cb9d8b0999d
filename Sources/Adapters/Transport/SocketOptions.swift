import NIOCore

/// TCP options of every connection between nodes.
enum SocketOptions {
    /// Milliseconds that sent bytes may stay unacknowledged before the kernel gives the connection up (RFC 5482).
    static let unacknowledgedMillisecondsMax = 20_000

    #if os(Linux)
        /// `TCP_USER_TIMEOUT` of `linux/tcp.h`.
        static let userTimeout = ChannelOptions.Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: 18))
    #endif

    static let noDelay = ChannelOptions.Types.SocketOption(level: .tcp, name: .tcp_nodelay)
    static let reuseAddress = ChannelOptions.Types.SocketOption(level: .socket, name: .so_reuseaddr)

    /// Sets what both sides want; call on the channel's event loop.
    static func apply(to channel: any Channel) throws {
        guard let options = channel.syncOptions else { return }
        try options.setOption(noDelay, value: 1)
        try options.setOption(.recvAllocator, value: receiveAllocator)
        #if os(Linux)
            try options.setOption(userTimeout, value: unacknowledgedMillisecondsMax)
        #endif
    }

    /// Small while a connection is quiet, large during a transfer.
    private static var receiveAllocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 256 << 10)
    }
}
