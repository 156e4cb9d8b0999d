import Core
import NIOCore
import Testing
import Transport

@Suite(.serialized, .timeLimit(.minutes(1))) struct ShutdownTests {
    @Test func shutdown_whileBusy_answersWhatIsOpenAndTakesNothingNew() async throws {
        let (began, release) = (Event(), Event())
        let handler = Answering { _ in
            began.happen()
            await release.wait()
            return .ok(ByteBuffer(string: "whole"))
        }
        let (server, client) = (try await startServer(), try makeClient())
        let address = server.address.description
        async let running: Void = server.run(handler)
        let answer = Task {
            try await client.call(
                to: Pair.serverID,
                at: [address],
                path: "/",
                responseBytesMax: 10,
                deadline: .distant
            )
        }
        await began.wait()
        server.beginShutdown()
        await eventually { !client.hasConnection(to: Pair.serverID) }
        await expectFailure(.refused) {
            _ = try await client.request(to: Pair.serverID, at: [address], path: "/", deadline: .distant)
        }
        release.happen()
        #expect(String(buffer: try await answer.value) == "whole")
        await running
        #expect(server.counters.connections == 0)
        await client.shutdown()
    }

    @Test func shutdown_handlerThatTakesTooLong_isCutOffAfterTheGrace() async throws {
        var limits = PeerServerLimits()
        limits.graceTimeMax = .milliseconds(50)
        let (began, cancelled) = (Event(), Event())
        let handler = Answering { _ in
            began.happen()
            await Event().wait()
            cancelled.happen()
            return .ok()
        }
        let (server, client) = (try await startServer(limits: limits), try makeClient())
        let address = server.address.description
        async let running: Void = server.run(handler)
        let answer = Task {
            try await client.call(
                to: Pair.serverID,
                at: [address],
                path: "/",
                responseBytesMax: 10,
                deadline: .distant
            )
        }
        await began.wait()
        server.beginShutdown()
        await running
        await cancelled.wait()
        await expectFailure(.connectionLost) { _ = try await answer.value }
        await client.shutdown()
    }

    @Test func run_cancelledWhileBusy_returnsAndCancelsHandlers() async throws {
        let (began, cancelled) = (Event(), Event())
        let handler = Answering { _ in
            began.happen()
            await Event().wait()
            cancelled.happen()
            return .ok()
        }
        let (server, client) = (try await startServer(), try makeClient())
        let address = server.address.description
        let running = Task { await server.run(handler) }
        let answer = Task {
            try await client.call(
                to: Pair.serverID,
                at: [address],
                path: "/",
                responseBytesMax: 10,
                deadline: .distant
            )
        }
        await began.wait()
        running.cancel()
        await running.value
        await cancelled.wait()
        await #expect(throws: TransportError.self) { try await answer.value }
        await client.shutdown()
    }

    @Test func shutdown_withIdleConnections_isDone() async throws {
        let (server, client) = (try await startServer(), try makeClient())
        let running = Task { await server.run(echo) }
        try await client.send(
            to: Pair.serverID,
            at: [server.address.description],
            path: "/",
            body: ByteBuffer(),
            deadline: .distant
        )
        server.beginShutdown()
        server.beginShutdown()
        await running.value
        await eventually { client.connectionCount == 0 }
    }

    @Test func bind_takenPort_isAddressInUse() async throws {
        let server = try await startServer()
        await expectFailure(.addressInUse) { _ = try await startServer(at: server.address.description) }
        server.beginShutdown()
        await server.run(echo)
        let again = try await startServer(at: server.address.description)
        again.beginShutdown()
        await again.run(echo)
    }
}
