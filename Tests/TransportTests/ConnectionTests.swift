import Core
import NIOCore
import NIOPosix
import Testing
import Transport

@Suite(.serialized, .timeLimit(.minutes(1))) struct ConnectionTests {
    @Test func peer_withAnotherKey_isWrongPeer() async throws {
        try await withPair(echo) { pair async throws in
            let claimed = key(9).id
            let error = await #expect(throws: TransportError.self) {
                try await pair.client.send(
                    to: claimed,
                    at: [pair.address],
                    path: "/",
                    body: ByteBuffer(),
                    deadline: .distant
                )
            }
            #expect(error?.code == .wrongPeer)
            #expect(error?.message == "\(pair.address) is node \(Pair.serverID), not \(claimed)")
            #expect(pair.server.counters.requests == 0)
            #expect(try await pair.call("/") == "/|")
        }
    }

    @Test func address_whereNobodyListens_isRefused() async throws {
        let server = try await startServer()
        let address = server.address.description
        server.beginShutdown()
        await server.run(echo)
        let client = try makeClient()
        await expectFailure(.refused) {
            _ = try await client.request(to: Pair.serverID, at: [address], path: "/", deadline: .distant)
        }
        #expect(client.connectionCount == 0)
    }

    @Test func addresses_several_theFirstThatIsThePeerIsUsed() async throws {
        let stranger = try await startServer(5)
        try await withPair(echo) { pair async throws in
            async let running: Void = stranger.run(echo)
            let addresses = ["127.0.0.1:1", "not an address", stranger.address.description, pair.address]
            let answer = try await pair.client.call(
                to: Pair.serverID,
                at: addresses,
                path: "/",
                responseBytesMax: 10,
                deadline: .distant
            )
            #expect(String(buffer: answer) == "/|")
            stranger.beginShutdown()
            await running
        }
    }

    @Test func addresses_noneUsable_isInvalidAddress() async throws {
        let client = try makeClient()
        for addresses in [[], ["localhost:80"]] {
            await expectFailure(.invalidAddress) {
                _ = try await client.request(to: Pair.serverID, at: addresses, path: "/", deadline: .distant)
            }
        }
    }

    @Test func deadline_passed_isTimedOutAndTheHandlerIsCancelled() async throws {
        let (began, cancelled) = (Event(), Event())
        let handler = Answering { request in
            guard request.path == "/slow" else { return .ok() }
            began.happen()
            await Event().wait()
            cancelled.happen()
            return .ok()
        }
        try await withPair(handler) { pair async throws in
            _ = try await pair.call("/warm")
            await expectFailure(.timedOut) {
                _ = try await pair.open("/slow", deadline: .now + .milliseconds(100))
            }
            await began.wait()
            await cancelled.wait()
            #expect(try await pair.call("/after") == "")
        }
    }

    @Test func peer_thatNeverSpeaks_isTimedOut() async throws {
        let silent = try await ServerBootstrap(group: loops)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(silent.localAddress?.port)
        var limits = PeerClientLimits.patient
        limits.handshakeTimeMax = .milliseconds(50)
        let client = try makeClient(limits: limits)
        await expectFailure(.timedOut) {
            _ = try await client.request(to: Pair.serverID, at: ["127.0.0.1:\(port)"], path: "/", deadline: .distant)
        }
        try await silent.close()
    }

    @Test func server_restartedOnItsPort_isReachedAgain() async throws {
        let client = try makeClient()
        var address = "127.0.0.1:0"
        for round in 0..<3 {
            let server = try await startServer(at: address)
            address = server.address.description
            let run = Task { await server.run(echo) }
            let (target, path) = (address, "/\(round)")
            let answer = try await client.call(
                to: Pair.serverID,
                at: [target],
                path: path,
                responseBytesMax: 10,
                deadline: .distant
            )
            #expect(String(buffer: answer) == "/\(round)|")
            run.cancel()
            await run.value
            await eventually { client.connectionCount == 0 }
        }
        await client.shutdown()
    }

    @Test func connection_idle_isClosed() async throws {
        var limits = PeerClientLimits.patient
        limits.idleTimeMax = .milliseconds(20)
        try await withPair(echo, client: limits) { pair async throws in
            _ = try await pair.call("/")
            await eventually { pair.client.connectionCount == 0 && pair.server.counters.connections == 0 }
            #expect(try await pair.call("/again") == "/again|")
        }
    }

    @Test func connections_atTheClientsLimit_theIdleOneMakesRoom() async throws {
        var limits = PeerClientLimits.patient
        limits.connectionsMax = 1
        let other = try await startServer(5)
        try await withPair(Answering { _ in .ok() }, client: limits) { pair async throws in
            async let running: Void = other.run(echo)
            _ = try await pair.call("/")
            // The first connection counts as in use until its stream is closed on both sides.
            var failure: TransportError?
            repeat {
                do {
                    try await pair.client.send(
                        to: key(5).id,
                        at: [other.address.description],
                        path: "/",
                        body: ByteBuffer(),
                        deadline: .distant
                    )
                    failure = nil
                } catch {
                    failure = error as? TransportError
                }
            } while failure?.code == .busy
            #expect(failure == nil)
            #expect(pair.client.hasConnection(to: key(5).id))
            #expect(!pair.client.hasConnection(to: Pair.serverID))
            other.beginShutdown()
            await running
        }
    }

    @Test func connections_ofOnePeer_theOldestMakesRoom() async throws {
        var limits = PeerServerLimits()
        limits.connectionsPerPeerMax = 1
        try await withPair(echo, server: limits) { pair async throws in
            _ = try await pair.call("/")
            let restarted = try makeClient()
            try await restarted.send(
                to: Pair.serverID,
                at: [pair.address],
                path: "/",
                body: ByteBuffer(),
                deadline: .distant
            )
            await eventually { pair.client.connectionCount == 0 }
            #expect(pair.server.counters.connectionsRefused == 1)
            await restarted.shutdown()
        }
    }

    @Test func strangers_overTheirLimit_areTurnedAwayAndMembersAreNot() async throws {
        var limits = PeerServerLimits()
        limits.strangerConnectionsMax = 0
        try await withPair(Answering(members: [Pair.clientID]) { _ in .ok() }, server: limits) { pair async throws in
            let stranger = try makeClient(7)
            await expectFailure(.handshake) {
                try await stranger.send(
                    to: Pair.serverID,
                    at: [pair.address],
                    path: "/",
                    body: ByteBuffer(),
                    deadline: .distant
                )
            }
            #expect(try await pair.call("/") == "")
        }
    }

    @Test func client_shutDown_refusesRequests() async throws {
        try await withPair(echo) { pair async throws in
            _ = try await pair.call("/")
            await pair.client.shutdown()
            await expectFailure(.closed) { _ = try await pair.call("/") }
            await eventually { pair.server.counters.connections == 0 }
        }
    }
}
