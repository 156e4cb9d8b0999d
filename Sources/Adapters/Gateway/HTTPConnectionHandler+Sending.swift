import Glibc
import NIOCore

/// The part of a body that is on its way.
struct OutgoingBody {
    /// Most bytes of one body between the source and the socket.
    static let outstandingBytesMax = 4 << 20
    /// Largest piece of a file in one `sendfile`, in bytes: progress is judged by pieces.
    static let regionBytesMax = 2 << 20

    /// Pieces of files that are still to be sent, the next one last.
    var extents: [FileExtent] = []
    /// Bytes handed to the socket and not taken by it yet.
    var outstanding = 0
    /// Bytes of the body that may still be written; `nil` for a body of unknown length.
    var remaining: UInt64?
    var isChunked = false
    /// The socket holds partial segments back until the body's end.
    var isCorked = false
    /// The producer has written its last piece.
    var isEnded = false
    /// The producer waits until there is room.
    var room: EventLoopPromise<Void>?

    mutating func fail() {
        let waiting = room
        self = OutgoingBody()
        waiting?.fail(ChannelError.ioOnClosedChannel)
    }
}

extension HTTPConnectionHandler {
    /// Answers from memory.
    @inline(__always)
    func send(_ response: CachedResponse, for head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard response.extents.isEmpty else {
            sendExtents(of: response, for: head, context)
            return
        }
        let buffer = response.buffer(at: loop.clock)
        loop.counters.countHit()
        guard head.method == .get, head.keepAlive, head.minorVersion == 1, !loop.isDraining else {
            sendUnusual(buffer, of: response, for: head, context)
            return
        }
        write(buffer, context)
    }

    /// A HEAD, HTTP/1.0, or the last answer of a connection.
    private func sendUnusual(
        _ buffer: ByteBuffer,
        of response: CachedResponse,
        for head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        current = head
        if loop.isDraining { current.keepAlive = false }
        var buffer = buffer
        guard var start = buffer.readSlice(length: response.headLength) else { return }
        setConnection(in: &start)
        if head.method == .head { buffer.clear() }
        write(start, context)
        if current.keepAlive {
            write(buffer, context)
        } else {
            lingerClose(after: buffer, context)
        }
    }

    /// A large file whose place on disk is known, if it is still the same file.
    private func sendExtents(
        of response: CachedResponse,
        for head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        current = head
        if loop.isDraining { current.keepAlive = false }
        var buffer = response.buffer(at: loop.clock)
        loop.counters.countHit()
        setConnection(in: &buffer)
        phase = .sending
        outgoing = OutgoingBody()
        outgoing.remaining = UInt64(response.bodyLength)
        if head.method != .head {
            outgoing.extents = response.extents.reversed()
            cork(context)
        }
        write(buffer, context)
        outgoing.isEnded = true
        pump()
    }

    /// Sends an answer, or its head when a body follows; the phase is `sending`.
    func send(_ response: GatewayResponse) {
        guard let context else { return }
        loop.beginBatch()
        loop.counters.countAnswer(response.status.code)
        if loop.isDraining { current.keepAlive = false }
        let isHead = current.method == .head
        let isStream = if case .stream = response.body { !isHead } else { false }
        let isChunked = isStream && response.length == nil
        if isChunked, current.minorVersion == 0 { current.keepAlive = false }
        var buffer = context.channel.allocator.buffer(capacity: 1_024)
        ResponseHeadRenderer.render(
            response,
            date: loop.clock.text,
            isChunked: isChunked && current.minorVersion == 1,
            into: &buffer
        )
        store(response, head: buffer)
        setConnection(in: &buffer)
        outgoing = OutgoingBody()
        outgoing.isChunked = isChunked && current.minorVersion == 1
        outgoing.remaining = response.length
        extendDeadline(bytes: 0)
        guard !isHead else {
            finish(writing: buffer, context)
            return
        }
        switch response.body {
        case .empty:
            finish(writing: buffer, context)
        case .bytes(var body):
            buffer.writeBuffer(&body)
            finish(writing: buffer, context)
        case .extents(let extents):
            cork(context)
            write(buffer, context)
            outgoing.extents = extents.reversed()
            outgoing.isEnded = true
            pump()
        case .stream:
            write(buffer, context)
            flushIfNeeded(context)
        }
    }

    /// Keeps a complete answer for the next request of the same kind.
    private func store(_ response: GatewayResponse, head: ByteBuffer) {
        defer { currentSlot = nil }
        guard let slot = currentSlot, response.reuse != .never, response.status == .ok else { return }
        var buffer = head
        var extents: [FileExtent] = []
        switch response.body {
        case .bytes(var body): buffer.writeBuffer(&body)
        case .extents(let pieces): extents = pieces
        case .empty, .stream: return
        }
        loop.cache.insert(
            CachedResponse(
                key: slot.key,
                status: response.status,
                buffer: buffer,
                headLength: head.readableBytes,
                extents: extents,
                bodyLength: Int(clamping: response.length ?? 0),
                lastTick: response.reuse == .always ? .max : loop.tick,
                second: loop.clock.second
            ),
            hash: slot.hash
        )
    }

    /// Adds the `Connection` field to a rendered head where the client needs it.
    private func setConnection(in head: inout ByteBuffer) {
        let field: StaticString
        switch (current.keepAlive, current.minorVersion) {
        case (true, 1): return
        case (true, _): field = "Connection: keep-alive\r\n\r\n"
        case (false, _): field = "Connection: close\r\n\r\n"
        }
        head.moveWriterIndex(to: head.writerIndex - 2)
        head.writeStaticString(field)
    }

    private func finish(writing buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        guard current.keepAlive else {
            lingerClose(after: buffer, context)
            return
        }
        write(buffer, context)
        becomeReading(context)
    }

    /// The answer is out; on to the next request.
    private func becomeReading(_ context: ChannelHandlerContext) {
        phase = .reading
        task = nil
        extendForIdle()
        flushIfNeeded(context)
        // What was pipelined behind is looked at from the event loop again: the stack does not grow with it.
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { handler.value.resume() }
    }

    // MARK: - Bodies

    /// Sends pieces of files as the socket takes them, and ends the answer behind the last one.
    func pump() {
        guard let context, case .sending = phase else { return }
        while outgoing.outstanding < OutgoingBody.outstandingBytesMax, var extent = outgoing.extents.popLast() {
            if extent.length > OutgoingBody.regionBytesMax {
                var rest = extent
                rest.offset += OutgoingBody.regionBytesMax
                rest.length -= OutgoingBody.regionBytesMax
                outgoing.extents.append(rest)
                extent.length = OutgoingBody.regionBytesMax
            }
            guard writePiece(extent, context) else {
                reset()
                return
            }
        }
        flushIfNeeded(context)
        context.flush()
        if outgoing.isEnded, outgoing.extents.isEmpty, outgoing.outstanding == 0 { endBody(context) }
    }

    /// Hands one piece of a file to the socket; `false` when the file has changed since it was verified.
    private func writePiece(_ extent: FileExtent, _ context: ChannelHandlerContext) -> Bool {
        guard extent.length > 0 else { return true }
        guard extent.file.isUnchanged(), takeFromRemaining(extent.length) else { return false }
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: extent.file.descriptor)
        let region = FileRegion(
            fileHandle: handle,
            readerIndex: extent.offset,
            endIndex: extent.offset + extent.length
        )
        let promise = context.eventLoop.makePromise(of: Void.self)
        let file = extent.file
        promise.futureResult.assumeIsolated().whenComplete { [self] result in
            // The descriptor stays the file's: the handle is only what the channel wants to see.
            _ = try? handle.takeDescriptorOwnership()
            withExtendedLifetime(file) {}
            pieceWritten(extent.length, result)
        }
        outgoing.outstanding += extent.length
        extendDeadline(bytes: outgoing.outstanding)
        loop.counters.countBytes(extent.length)
        context.write(wrapOutboundOut(.fileRegion(region)), promise: promise)
        return true
    }

    /// Hands bytes of a body to the socket.
    private func writePiece(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) -> Bool {
        let count = bytes.readableBytes
        guard count > 0 else { return true }
        guard takeFromRemaining(count) else { return false }
        if outgoing.isChunked { write(ByteBuffer(string: String(count, radix: 16) + "\r\n"), context) }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] result in pieceWritten(count, result) }
        outgoing.outstanding += count
        extendDeadline(bytes: outgoing.outstanding)
        loop.counters.countBytes(count)
        context.write(wrapOutboundOut(.byteBuffer(bytes)), promise: promise)
        if outgoing.isChunked { write(ByteBuffer(staticString: "\r\n"), context) }
        return true
    }

    /// A body never gets longer than its head said.
    private func takeFromRemaining(_ count: Int) -> Bool {
        guard let remaining = outgoing.remaining else { return true }
        guard UInt64(count) <= remaining else { return false }
        outgoing.remaining = remaining - UInt64(count)
        return true
    }

    private func pieceWritten(_ count: Int, _ result: Result<Void, any Error>) {
        guard case .success = result, case .sending = phase else { return }
        outgoing.outstanding -= count
        extendDeadline(bytes: outgoing.outstanding)
        if outgoing.outstanding < OutgoingBody.outstandingBytesMax, let room = outgoing.room {
            outgoing.room = nil
            room.succeed()
        }
        if !outgoing.extents.isEmpty || outgoing.isEnded { pump() }
    }

    /// A piece from the producer of a stream; `promise` succeeds when there is room for the next.
    func writeStream(_ piece: BodyPiece, generation: UInt64, _ promise: EventLoopPromise<Void>) {
        guard generation == self.generation, case .sending = phase, let context else {
            promise.fail(ChannelError.ioOnClosedChannel)
            return
        }
        let isTaken =
            switch piece {
            case .bytes(let bytes): writePiece(bytes, context)
            case .extents(let extents): extents.allSatisfy { writePiece($0, context) }
            }
        guard isTaken else {
            promise.fail(ChannelError.ioOnClosedChannel)
            reset()
            return
        }
        flushIfNeeded(context)
        context.flush()
        if outgoing.outstanding < OutgoingBody.outstandingBytesMax {
            promise.succeed()
        } else {
            outgoing.room = promise
        }
    }

    /// The producer has written everything.
    func endStream(generation: UInt64) {
        guard generation == self.generation, case .sending = phase else { return }
        outgoing.isEnded = true
        task = nil
        pump()
    }

    private func endBody(_ context: ChannelHandlerContext) {
        let isShort = outgoing.remaining.map { $0 > 0 && current.method != .head } ?? false
        guard !isShort else {
            reset()
            return
        }
        let last = outgoing.isChunked ? ByteBuffer(staticString: "0\r\n\r\n") : ByteBuffer()
        if outgoing.isCorked { setCork(false, context) }
        outgoing = OutgoingBody()
        finish(writing: last, context)
    }

    /// Head and body leave in full segments: the client is not woken up for the head alone.
    private func cork(_ context: ChannelHandlerContext) {
        outgoing.isCorked = true
        setCork(true, context)
    }

    private func setCork(_ isOn: Bool, _ context: ChannelHandlerContext) {
        // Without it the answer is the same, in one more packet.
        try? context.channel.syncOptions?.setOption(
            ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_CORK)),
            value: isOn ? 1 : 0
        )
    }
}
