import NIOCore
import NIOHTTP2

/// How HTTP/2 (RFC 9113) is set up on both sides: windows, frame sizes and the limits against floods.
enum HTTP2Profile {
    /// The only ALPN protocol spoken.
    static let applicationProtocol = "h2"

    /// Largest DATA frame a client takes: few headers per megabyte, and still short enough to share a connection.
    static let responseFrameBytesMax = 256 << 10

    /// Largest DATA frame a server takes.
    static let requestFrameBytesMax = 64 << 10

    /// A part of a piece fits in, so that its sender does not stop half way to hear that it may go on. What a peer makes a
    /// node hold is bounded by ``PeerServerLimits/requestBytesTotalMax``.
    private static let requestWindowBytes = 1 << 20

    static func server(
        _ limits: PeerServerLimits
    ) -> (NIOHTTP2Handler.ConnectionConfiguration, NIOHTTP2Handler.StreamConfiguration) {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streamsPerConnectionMax),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytesMax),
            HTTP2Setting(parameter: .initialWindowSize, value: requestWindowBytes),
            HTTP2Setting(parameter: .maxFrameSize, value: requestFrameBytesMax),
        ]
        connection.targetWindowSize = 4 * requestWindowBytes
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = requestWindowBytes
        stream.streamResetFrameRateLimit.maximumCount = limits.streamResetsMax
        stream.streamResetFrameRateLimit.windowLength = TimeAmount(limits.resetWindow)
        return (connection, stream)
    }

    static func client(
        _ limits: PeerClientLimits
    ) -> (NIOHTTP2Handler.ConnectionConfiguration, NIOHTTP2Handler.StreamConfiguration) {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .enablePush, value: 0),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytesMax),
            HTTP2Setting(parameter: .initialWindowSize, value: limits.streamWindowBytes),
            HTTP2Setting(parameter: .maxFrameSize, value: responseFrameBytesMax),
        ]
        connection.targetWindowSize = limits.connectionWindowBytes
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = limits.streamWindowBytes
        stream.streamResetFrameRateLimit.maximumCount = 2000
        return (connection, stream)
    }
}
