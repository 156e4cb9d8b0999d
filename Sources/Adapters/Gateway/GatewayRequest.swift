/// A parsed request as text, for everything that is not answered from memory.
package struct GatewayRequest: Sendable {
    package var method: HTTPMethod
    package var target: RequestTarget
    /// Host and port as sent, in lower case; empty when HTTP/1.0 sent none.
    package var host: String
    package var accept: String?
    package var range: String?
    package var ifRange: String?
    package var ifNoneMatch: String?
    package var forwardedHost: String?
    package var forwardedProto: String?
    package var onlyIfCached: Bool
    package var serviceWorkerScript: Bool

    /// Copies what matters out of the bytes that `head` was parsed from.
    ///
    /// - Throws: ``HTTPRefusal`` when the target cannot be decoded.
    package init(_ head: HTTPRequestHead, in bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        func text(_ range: Range<Int>) -> String? {
            range.isEmpty ? nil : String(decoding: bytes[range], as: UTF8.self)
        }
        method = head.method
        target = try RequestTarget(Array(bytes[head.target]))
        host = (text(head.host) ?? "").lowercased()
        accept = text(head.accept)
        range = text(head.range)
        ifRange = text(head.ifRange)
        ifNoneMatch = text(head.ifNoneMatch)
        forwardedHost = text(head.forwardedHost)
        forwardedProto = text(head.forwardedProto)
        onlyIfCached = head.onlyIfCached
        serviceWorkerScript = head.serviceWorkerScript
    }
}
