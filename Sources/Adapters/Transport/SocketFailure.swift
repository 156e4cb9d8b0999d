import Glibc
import NIOCore

/// System errors as ``TransportError``: what failed, where, what to do.
enum SocketFailure {
    static func bind(_ error: any Error, _ address: PeerAddress) -> TransportError {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            TransportError(.addressInUse, "\(address) is in use; stop what listens there or choose another port")
        case EADDRNOTAVAIL:
            TransportError(.bindFailed, "\(address) is not an address of this machine")
        case EACCES:
            TransportError(.bindFailed, "listening on \(address) is not permitted; choose a port above 1023")
        default:
            TransportError(.bindFailed, "cannot listen on \(address): \(error)")
        }
    }

    static func connect(_ error: any Error, _ address: PeerAddress) -> TransportError {
        if case .connectTimeout(let limit)? = error as? ChannelError {
            return TransportError(.timedOut, "\(address) did not accept the connection within \(limit)")
        }
        switch (error as? IOError)?.errnoCode {
        case ECONNREFUSED:
            return TransportError(.refused, "nobody listens on \(address)")
        case ECONNRESET:
            return TransportError(.connectionLost, "\(address) reset the connection")
        case ETIMEDOUT:
            return TransportError(.timedOut, "\(address) does not answer")
        default:
            return TransportError(.unreachable, "cannot connect to \(address): \(error)")
        }
    }
}
