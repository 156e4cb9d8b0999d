import NIOCore

/// One piece of a streamed body.
package enum BodyPiece: Sendable {
    case bytes(ByteBuffer)
    case extents([FileExtent])
}

/// One request on its way through the responder: the bridge between a task and the connection's event loop.
struct ResponseExchange: Sendable {
    private let handler: NIOLoopBound<HTTPConnectionHandler>
    private let loop: NIOLoopBound<GatewayLoop>
    private let eventLoop: any EventLoop
    private let generation: UInt64

    /// Called on the event loop.
    init(handler: HTTPConnectionHandler, generation: UInt64) {
        eventLoop = handler.loop.eventLoop
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        loop = NIOLoopBound(handler.loop, eventLoop: eventLoop)
        self.generation = generation
    }

    /// Answers `request`; gives its turn back at the end, whatever happened.
    func run(_ request: GatewayRequest, _ responder: GatewayResponder) async {
        let response = await responder.respond(to: request)
        guard case .stream(let stream) = response.body, request.method == .get else {
            eventLoop.execute { [self] in
                deliver(response)
                loop.value.releaseSlot()
            }
            return
        }
        eventLoop.execute { [self] in deliver(response) }
        do {
            try await stream.produce(BodyWriter(exchange: self))
            eventLoop.execute { [self] in
                handler.value.endStream(generation: generation)
                loop.value.releaseSlot()
            }
        } catch {
            eventLoop.execute { [self] in
                if handler.value.generation == generation { handler.value.reset() }
                loop.value.releaseSlot()
            }
        }
    }

    /// On the event loop: the connection takes the answer unless it has given up on it.
    private func deliver(_ response: GatewayResponse) {
        let handler = handler.value
        guard handler.generation == generation, case .preparing = handler.phase else { return }
        handler.phase = .sending
        handler.send(response)
    }

    fileprivate func write(_ piece: BodyPiece) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        eventLoop.execute { [self] in
            handler.value.writeStream(piece, generation: generation, promise)
        }
        try await promise.futureResult.get()
    }
}

/// Where the producer of a body writes.
package struct BodyWriter: Sendable {
    private let exchange: ResponseExchange

    init(exchange: ResponseExchange) {
        self.exchange = exchange
    }

    /// Sends `bytes`; returns when there is room for more.
    ///
    /// - Throws: when the client is gone or has been given up on.
    package func write(_ bytes: ByteBuffer) async throws {
        try Task.checkCancellation()
        try await exchange.write(.bytes(bytes))
    }

    /// Sends pieces of files; returns when there is room for more.
    ///
    /// - Throws: when the client is gone or has been given up on, or a file has changed.
    package func write(_ extents: [FileExtent]) async throws {
        try Task.checkCancellation()
        try await exchange.write(.extents(extents))
    }
}
