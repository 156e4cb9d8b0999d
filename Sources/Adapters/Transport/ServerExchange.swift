import NIOCore

/// One request with the way back for its response: what the event loop hands to the server's task.
struct ServerExchange: Sendable {
    let request: PeerRequest
    let pipe: ResponsePipe

    /// Answers the request; the handler is cancelled as soon as nobody waits for the answer.
    func run(_ handler: some PeerRequestHandling) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await answer(handler) }
            await withTaskCancellationHandler {
                await pipe.waitForEnd()
            } onCancel: {
                pipe.abort(TransportError(.cancelled, "the server stops"))
            }
            group.cancelAll()
        }
    }

    private func answer(_ handler: some PeerRequestHandling) async {
        do {
            let response = try await handler.handle(request)
            let status = (200...599).contains(response.status) ? response.status : 500
            switch response.body {
            case .buffer(let buffer):
                pipe.send(status: status, body: buffer)
            case .stream(let write):
                pipe.start(status: status)
                try await write(PeerResponseWriter(pipe: pipe))
                pipe.finish()
            }
        } catch {
            guard !pipe.isStarted else {
                return pipe.abort(TransportError(.reset, "the response body failed: \(error)"))
            }
            pipe.send(status: 500, body: ByteBuffer(string: "the node failed to answer"))
        }
    }
}
