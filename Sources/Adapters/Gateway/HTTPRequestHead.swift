/// The methods that a gateway answers; everything else is refused by the parser.
package enum HTTPMethod: UInt8, Sendable {
    case get
    case head
    case options
}

/// One request head as positions in the bytes that it was parsed from: nothing is copied, nothing is on the heap.
///
/// A field that is absent has an empty range.
package struct HTTPRequestHead: Equatable, Sendable {
    package var method = HTTPMethod.get
    /// The digit after `HTTP/1.`, at most 1.
    package var minorVersion: UInt8 = 1
    package var keepAlive = true
    /// The target in origin form, or `*`, or empty for an absolute form without path.
    package var target = 0..<0
    /// Host and port, without user information.
    package var host = 0..<0
    package var accept = 0..<0
    package var range = 0..<0
    package var ifRange = 0..<0
    package var ifNoneMatch = 0..<0
    package var forwardedHost = 0..<0
    package var forwardedProto = 0..<0
    /// `Cache-Control: only-if-cached` was sent.
    package var onlyIfCached = false
    /// `Service-Worker: script` was sent.
    package var serviceWorkerScript = false

    /// Whether the answer depends on the target, the host and `Accept` alone, so that a stored answer may be used.
    package var isPlain: Bool {
        range.isEmpty && ifNoneMatch.isEmpty && !onlyIfCached && !serviceWorkerScript && method != .options
            && forwardedHost.isEmpty && forwardedProto.isEmpty
    }
}

/// Why a request was refused before it was looked at, as the answer that its sender gets.
package struct HTTPRefusal: Error, Hashable, Sendable {
    package var status: HTTPStatus
    package var message: String

    package init(_ status: HTTPStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}
