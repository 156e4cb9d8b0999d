import Core
import NIOCore
import Synchronization
import Testing
import Transport

@Suite(.serialized, .timeLimit(.minutes(1))) struct StreamingTests {
    private static let chunkBytes = 64 << 10

    /// Streams `bytes` and tells how many were handed to the writer.
    private static func source(_ bytes: Int, produced: Counter, failed: Event = Event()) -> Answering {
        Answering { request in
            guard request.path == "/stream" else { return .ok() }
            return PeerResponse(
                body: .stream { writer in
                    let chunk = ByteBuffer(repeating: 7, count: chunkBytes)
                    do {
                        for _ in 0..<(bytes / chunkBytes) {
                            produced.add(chunkBytes)
                            try await writer.write(chunk)
                        }
                    } catch {
                        failed.happen()
                        throw error
                    }
                }
            )
        }
    }

    @Test func stream_slowReader_holdsTheWriterBack() async throws {
        let total = 64 << 20
        let produced = Counter()
        var server = PeerServerLimits()
        server.responseBytesPendingMax = 256 << 10
        var client = PeerClientLimits.patient
        client.streamWindowBytes = 512 << 10
        client.bodyBytesReadyMax = 256 << 10
        // One window on each side of the reader, what is ready, what is pending, and the chunk in the writer's hands.
        let aheadMax = 2 * (512 << 10) + (256 << 10) + (256 << 10) + 2 * Self.chunkBytes
        try await withPair(Self.source(total, produced: produced), server: server, client: client) {
            pair async throws in
            let answer = try await pair.open("/stream")
            // While nobody reads, the connection is used a lot: an unbounded writer would be done long before.
            for _ in 0..<200 { _ = try await pair.call("/other") }
            #expect(produced.value > 0)
            #expect(produced.value <= aheadMax)
            var read = 0
            for try await chunk in answer {
                read += chunk.readableBytes
                #expect(produced.value - read <= aheadMax)
            }
            #expect(read == total)
        }
    }

    @Test func stream_fastReader_getsEveryByteInOrder() async throws {
        let handler = Answering { _ in
            PeerResponse(
                body: .stream { writer in
                    for number in UInt32(0)..<20_000 {
                        var chunk = ByteBuffer()
                        chunk.writeInteger(number)
                        try await writer.write(chunk)
                    }
                }
            )
        }
        try await withPair(handler) { pair async throws in
            var whole = try await pair.open("/").collect(max: 1 << 20)
            #expect(whole.readableBytes == 80_000)
            for number in UInt32(0)..<20_000 { #expect(whole.readInteger(as: UInt32.self) == number) }
        }
    }

    @Test func stream_writerThrows_isResetForTheReader() async throws {
        struct Broken: Error {}
        let handler = Answering { _ in
            PeerResponse(
                body: .stream { writer in
                    try await writer.write(ByteBuffer(string: "half"))
                    throw Broken()
                }
            )
        }
        try await withPair(handler) { pair async throws in
            await expectFailure(.reset) { _ = try await pair.open("/").collect(max: 100) }
            await expectFailure(.reset) { _ = try await pair.open("/").collect(max: 100) }
            #expect(pair.client.connectionCount == 1)
        }
    }

    @Test func server_goneMidStream_isConnectionLost() async throws {
        let (server, client) = (try await startServer(), try makeClient())
        let produced = Counter()
        let run = Task { await server.run(Self.source(1 << 40, produced: produced)) }
        let answer = try await client.request(
            to: Pair.serverID,
            at: [server.address.description],
            path: "/stream",
            deadline: .distant
        )
        var read = 0
        do {
            for try await chunk in answer {
                read += chunk.readableBytes
                if read > 1 << 20 { run.cancel() }
            }
            Issue.record("the body ended as if it were whole")
        } catch {
            #expect([.connectionLost, .reset].contains(error.code), "\(error)")
        }
        await run.value
        await client.shutdown()
    }

    @Test func reader_cancelled_endsTheWriter() async throws {
        let (produced, failed) = (Counter(), Event())
        try await withPair(Self.source(1 << 40, produced: produced, failed: failed)) { pair async throws in
            let reader = Task {
                for try await _ in try await pair.open("/stream") {}
            }
            await eventually { produced.value > 1 << 20 }
            reader.cancel()
            await failed.wait()
            await expectFailure(.cancelled) { try await reader.value }
            #expect(try await pair.call("/still") == "")
        }
    }

    @Test func reader_letsGo_endsTheWriter() async throws {
        let (produced, failed) = (Counter(), Event())
        try await withPair(Self.source(1 << 40, produced: produced, failed: failed)) { pair async throws in
            for try await _ in try await pair.open("/stream") { break }
            await failed.wait()
        }
    }

    @Test func reader_thatNeverReads_isResetByTheServer() async throws {
        var limits = PeerServerLimits()
        limits.responseStallTimeMax = .milliseconds(50)
        let failed = Event()
        try await withPair(Self.source(1 << 40, produced: Counter(), failed: failed), server: limits) {
            pair async throws in
            let answer = try await pair.open("/stream")
            await failed.wait()
            await expectFailure(.reset) { for try await _ in answer {} }
            #expect(pair.server.counters.timeOuts == 1)
        }
    }

    @Test func body_thatStalls_timesOut() async throws {
        var limits = PeerClientLimits.patient
        limits.bodyStallTimeMax = .milliseconds(50)
        let handler = Answering { _ in
            PeerResponse(
                body: .stream { writer in
                    try await writer.write(ByteBuffer(string: "begin"))
                    await Event().wait()
                }
            )
        }
        try await withPair(handler, client: limits) { pair async throws in
            await expectFailure(.timedOut) { _ = try await pair.open("/").collect(max: 100) }
        }
    }
}

/// A number that several tasks see.
final class Counter: Sendable {
    private let number = Atomic(0)
    var value: Int { number.load(ordering: .sequentiallyConsistent) }
    func add(_ amount: Int) { number.add(amount, ordering: .sequentiallyConsistent) }
}
