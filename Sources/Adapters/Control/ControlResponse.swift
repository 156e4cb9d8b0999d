import Hummingbird
import NIOCore

/// Answers of the control API.
enum ControlResponse {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        guard let bytes = try? ControlAPI.encode(value) else { return Response(status: .internalServerError) }
        return Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes + [UInt8(ascii: "\n")]))
        )
    }

    /// The OpenAPI document.
    static func document() -> Response {
        guard let bytes = try? APIDocument.json() else { return Response(status: .internalServerError) }
        return Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    static func error(_ error: ControlError, status: HTTPResponse.Status) -> Response {
        json(StreamLine<Done>(error: error), status: status)
    }

    /// The status that stands for an error; the exit code inside says it exactly.
    static func error(_ error: any Error) -> Response {
        let error = ControlError(error)
        let status: HTTPResponse.Status =
            switch error.exitCode {
            case .usage, .badInput: .badRequest
            case .unauthorized: .unauthorized
            case .notFound: .notFound
            case .inUse, .refused: .conflict
            case .full: .init(code: 507, reasonPhrase: "Insufficient Storage")
            case .unreachable: .gatewayTimeout
            case .success, .failed, .noNode, .corrupt, .wouldLose, .interrupted, .terminated: .internalServerError
            }
        return Self.error(error, status: status)
    }
}
