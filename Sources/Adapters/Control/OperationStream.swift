import Hummingbird
import NIOCore
import ServiceLifecycle

/// Runs one long operation and streams its progress as NDJSON, then its result or its error.
///
/// The operation is cancelled when the client goes away and when the node begins to stop. Progress that comes faster
/// than the client reads is dropped, oldest first: only the newest counts.
struct OperationStream<Input: Codable & Sendable, Result: Codable & Sendable>: Sendable {
    typealias Operation =
        @Sendable (Input, @escaping @Sendable (OperationProgress) -> Void) async throws -> Result

    let operation: Operation

    func response(to request: Request) -> Response {
        let body = ResponseBody { writer in
            do {
                try await request.body.consumeWithCancellationOnInboundClose { body in
                    try await respond(to: body, writer: &writer)
                }
                try await writer.finish(nil)
            } catch is CancellationError {
                // The client is gone: nobody reads an answer.
            }
        }
        // Watching for the client to leave uses the connection up; a client must not send its next request on it.
        let headers: HTTPFields = [.contentType: "application/x-ndjson", .connection: "close"]
        return Response(status: .ok, headers: headers, body: body)
    }

    private func respond(to body: RequestBody, writer: inout any ResponseBodyWriter) async throws {
        let input: Input
        do {
            let buffer = try await body.collect(upTo: ControlAPI.requestBytesMax)
            input = try ControlAPI.decode(Input.self, from: buffer.readableBytesView)
        } catch {
            let malformed = ControlError(.usage, "the request is not what this version of the node understands")
            return try await write(StreamLine(error: malformed), to: &writer)
        }
        let (progress, continuation) = AsyncStream.makeStream(
            of: OperationProgress.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        let operation = operation
        try await withThrowingTaskGroup(of: StreamLine<Result>.self) { group in
            group.addTask {
                defer { continuation.finish() }
                return try await Self.outcome { try await operation(input) { continuation.yield($0) } }
            }
            for await step in progress { try await write(StreamLine(progress: step), to: &writer) }
            while let last = try await group.next() { try await write(last, to: &writer) }
        }
    }

    /// The last line. A cancellation that came from the node's own stop is told; one from the client is not.
    private static func outcome(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> StreamLine<Result> {
        do {
            return StreamLine(result: try await cancelWhenGracefulShutdown(body))
        } catch is CancellationError {
            guard Task.isShuttingDownGracefully else { throw CancellationError() }
            return StreamLine(
                error: ControlError(.failed, "the node is stopping; run the command again when it is back")
            )
        } catch {
            return StreamLine(error: ControlError(error))
        }
    }

    private func write(_ line: StreamLine<Result>, to writer: inout any ResponseBodyWriter) async throws {
        let bytes = try ControlAPI.encode(line)
        try await writer.write(ByteBuffer(bytes: bytes + [UInt8(ascii: "\n")]))
    }
}
