import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Answers with one file in ``ContentFrames``, no faster than the client takes it.
struct ContentDownload: Sendable {
    let stream: ObjectContentStream

    func response(to request: Request) -> Response {
        let stream = stream
        var response = WatchedResponse.response(
            to: request,
            contentType: "application/octet-stream"
        ) { _, writer in
            let pipe = ContentPipe()
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { pipe.end(CancellationError()) }
                group.addTask { await Self.fill(pipe, with: stream) }
                do {
                    for try await chunk in pipe {
                        try await writer.write(contentsOf: ContentFrames.frames(of: chunk))
                    }
                    try await writer.write(ContentFrames.end)
                } catch {
                    try await writer.write(ContentFrames.error(try WatchedResponse.failure(error)))
                }
            }
        }
        if let name = HTTPField.Name(ContentFrames.byteCountHeader) {
            response.headers[name] = "\(stream.byteCount)"
        }
        return response
    }

    private static func fill(_ pipe: ContentPipe, with stream: ObjectContentStream) async {
        do {
            try await cancelWhenGracefulShutdown {
                for try await chunk in stream.chunks { await pipe.send(chunk) }
                // A sequence that is cancelled may end as if it were complete.
                try Task.checkCancellation()
            }
            pipe.end(nil)
        } catch {
            pipe.end(error)
        }
    }
}
