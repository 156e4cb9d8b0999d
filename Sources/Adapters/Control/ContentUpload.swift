import Hummingbird
import NIOCore

/// Runs `put` on the body of a request as it arrives, and answers like ``OperationStream``.
///
/// The body is read only as fast as the node takes it; none of it is kept.
struct ContentUpload: Sendable {
    /// How long a client that has its answer may go on sending.
    private static let drainTimeMax = Duration.seconds(5)

    let node: any ObjectControl
    /// `nil` when the request does not say what to store.
    let request: PutRequest?

    func response(to httpRequest: Request) -> Response {
        let node = node
        let request = request
        return WatchedResponse.response(
            to: httpRequest,
            contentType: ResultLines<PutResult>.contentType
        ) { body, writer in
            let pipe = ContentPipe()
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Reads to the end even when nobody wants the rest: a connection that closes on unread bytes takes
                // the answer from the client.
                group.addTask { await Self.pump(body, into: pipe) }
                if let request {
                    try await ResultLines.write(to: &writer) { progress in
                        try await node.put(request, content: pipe, progress: progress)
                    }
                } else {
                    try await ResultLines<PutResult>.write(ControlAPI.malformed, to: &writer)
                }
                pipe.end(CancellationError())
                group.addTask { try await Task.sleep(for: Self.drainTimeMax) }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private static func pump(_ body: RequestBody, into pipe: ContentPipe) async {
        do {
            for try await chunk in body { await pipe.send(chunk) }
            // A sequence that is cancelled may end as if it were complete.
            try Task.checkCancellation()
            pipe.end(nil)
        } catch let error as CancellationError {
            pipe.end(error)
        } catch {
            pipe.end(ControlError(.failed, "the content was cut off before its end"))
        }
    }
}
