import Hummingbird
import NIOCore
import ServiceLifecycle

/// Runs one long operation and streams its progress as NDJSON, then its result or its error.
///
/// The operation is cancelled when the client goes away and when the node begins to stop.
struct OperationStream<Input: Codable & Sendable, Result: Codable & Sendable>: Sendable {
    typealias Operation =
        @Sendable (Input, @escaping @Sendable (OperationProgress) -> Void) async throws -> Result

    private let requestBytesMax: Int
    private let operation: Operation

    /// - Parameter requestBytesMax: largest request body, in bytes.
    init(requestBytesMax: Int = ControlAPI.requestBytesMax, operation: @escaping Operation) {
        self.requestBytesMax = requestBytesMax
        self.operation = operation
    }

    func response(to request: Request) -> Response {
        let operation = operation
        let requestBytesMax = requestBytesMax
        return WatchedResponse.response(to: request, contentType: ResultLines<Result>.contentType) { body, writer in
            let input: Input
            do {
                let buffer = try await body.collect(upTo: requestBytesMax)
                input = try ControlAPI.decode(Input.self, from: buffer.readableBytesView)
            } catch {
                return try await ResultLines<Result>.write(ControlAPI.malformed, to: &writer)
            }
            try await ResultLines.write(to: &writer) { try await operation(input, $0) }
        }
    }
}

/// The lines of a streamed answer: progress, then the result or the error.
enum ResultLines<Result: Codable & Sendable> {
    static var contentType: String { "application/x-ndjson" }

    /// Runs `operation` and writes its progress and its end.
    ///
    /// Progress that comes faster than the client reads, or than ``ProgressPace`` lets pass, is dropped: it is for eyes.
    static func write(
        to writer: inout any ResponseBodyWriter,
        _ operation: @escaping @Sendable (@escaping @Sendable (OperationProgress) -> Void) async throws -> Result
    ) async throws {
        let (progress, continuation) = AsyncStream.makeStream(
            of: OperationProgress.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        let pace = ProgressPace()
        try await withThrowingTaskGroup(of: StreamLine<Result>.self) { group in
            group.addTask {
                defer { continuation.finish() }
                return try await outcome {
                    try await operation { if pace.isDue($0, now: .now) { continuation.yield($0) } }
                }
            }
            for await step in progress { try await write(StreamLine(progress: step), to: &writer) }
            while let last = try await group.next() { try await write(last, to: &writer) }
        }
    }

    /// Writes the last line of an operation that never began.
    static func write(_ error: ControlError, to writer: inout any ResponseBodyWriter) async throws {
        try await write(StreamLine(error: error), to: &writer)
    }

    /// Writes one line.
    static func write(_ line: StreamLine<Result>, to writer: inout any ResponseBodyWriter) async throws {
        let bytes = try ControlAPI.encode(line)
        try await writer.write(ByteBuffer(bytes: bytes + [UInt8(ascii: "\n")]))
    }

    /// The last line.
    private static func outcome(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> StreamLine<Result> {
        do {
            return StreamLine(result: try await cancelWhenGracefulShutdown(body))
        } catch {
            return StreamLine(error: try WatchedResponse.failure(error))
        }
    }
}
