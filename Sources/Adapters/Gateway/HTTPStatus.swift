/// A status code that this gateway answers with, and its reason phrase (RFC 9110 section 15).
package struct HTTPStatus: Hashable, Sendable {
    package let code: Int
    package let reason: String

    package static let ok = HTTPStatus(code: 200, reason: "OK")
    package static let noContent = HTTPStatus(code: 204, reason: "No Content")
    package static let partialContent = HTTPStatus(code: 206, reason: "Partial Content")
    package static let movedPermanently = HTTPStatus(code: 301, reason: "Moved Permanently")
    package static let notModified = HTTPStatus(code: 304, reason: "Not Modified")
    package static let badRequest = HTTPStatus(code: 400, reason: "Bad Request")
    package static let notFound = HTTPStatus(code: 404, reason: "Not Found")
    package static let methodNotAllowed = HTTPStatus(code: 405, reason: "Method Not Allowed")
    package static let notAcceptable = HTTPStatus(code: 406, reason: "Not Acceptable")
    package static let requestTimeout = HTTPStatus(code: 408, reason: "Request Timeout")
    package static let preconditionFailed = HTTPStatus(code: 412, reason: "Precondition Failed")
    package static let targetTooLong = HTTPStatus(code: 414, reason: "URI Too Long")
    package static let rangeNotSatisfiable = HTTPStatus(code: 416, reason: "Range Not Satisfiable")
    package static let expectationFailed = HTTPStatus(code: 417, reason: "Expectation Failed")
    package static let headTooLarge = HTTPStatus(code: 431, reason: "Request Header Fields Too Large")
    package static let internalError = HTTPStatus(code: 500, reason: "Internal Server Error")
    package static let notImplemented = HTTPStatus(code: 501, reason: "Not Implemented")
    package static let badGateway = HTTPStatus(code: 502, reason: "Bad Gateway")
    package static let unavailable = HTTPStatus(code: 503, reason: "Service Unavailable")
    package static let gatewayTimeout = HTTPStatus(code: 504, reason: "Gateway Timeout")
    package static let versionNotSupported = HTTPStatus(code: 505, reason: "HTTP Version Not Supported")
}
