import Hummingbird
import NIOCore
import ServiceLifecycle

/// An answer that is written while its operation runs, and whose operation ends with the client.
enum WatchedResponse {
    /// - Parameter body: is cancelled when the client goes away; it reads the request's body and writes the answer.
    static func response(
        to request: Request,
        contentType: String,
        body: @escaping @Sendable (RequestBody, inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        let answer = ResponseBody { writer in
            do {
                try await request.body.consumeWithCancellationOnInboundClose { input in
                    try await body(input, &writer)
                }
                try await writer.finish(nil)
            } catch is CancellationError {
                // The client is gone: nobody reads an answer.
            }
        }
        // Watching for the client to leave uses the connection up; a client must not send its next request on it.
        let headers: HTTPFields = [.contentType: contentType, .connection: "close"]
        return Response(status: .ok, headers: headers, body: answer)
    }

    /// What to tell a client whose operation failed.
    ///
    /// - Throws: `CancellationError` when the client itself ended it. A cancellation that came from the node's own
    ///   stop is told.
    static func failure(_ error: any Error) throws -> ControlError {
        guard error is CancellationError else { return ControlError(error) }
        guard Task.isShuttingDownGracefully else { throw CancellationError() }
        return ControlError(.failed, "the node is stopping; run the command again when it is back")
    }
}
