import Synchronization

/// Reads one path again and again, as a good client does: it knows all gateways, and asks another one when one does not
/// answer.
final class SteadyReader: Sendable {
    private struct State {
        var requests = 0
        var failures: [String] = []
        var isOver = false
    }

    private let gateways: [TestNode]
    private let path: String
    private let body: [UInt8]
    private let state = Mutex(State())

    /// How often all gateways are asked before a request counts as failed.
    private static let roundsMax = 20
    private static let pause = Duration.milliseconds(100)

    init(of path: String, giving body: [UInt8], from gateways: [TestNode]) {
        self.gateways = gateways
        self.path = path
        self.body = body
    }

    var requests: Int { state.withLock { $0.requests } }
    var failures: [String] { state.withLock { $0.failures } }

    /// Runs `work` while it reads, and a few requests longer.
    func reading<Value: Sendable>(during work: @Sendable () async throws -> Value) async throws -> Value {
        async let reading: Void = run()
        do {
            let value = try await work()
            state.withLock { $0.isOver = true }
            await reading
            return value
        } catch {
            state.withLock { $0.isOver = true }
            await reading
            throw error
        }
    }

    private func run() async {
        var next = 0
        while !state.withLock({ $0.isOver }) {
            await request(startingAt: next)
            next += 1
        }
    }

    private func request(startingAt first: Int) async {
        var last = ""
        for attempt in 0..<Self.roundsMax * gateways.count {
            let node = gateways[(first + attempt) % gateways.count]
            do {
                let answer = try await node.get(path)
                // A gateway that has just started, or is about to end, says so; a good client asks another one.
                last = "node \(node.index): \(answer.status), \(answer.body.count) bytes"
                if answer.status < 500 {
                    let isRight = answer.status == 200 && answer.body == body
                    return state.withLock { state in
                        state.requests += 1
                        if !isRight { state.failures.append(last) }
                    }
                }
            } catch { last = "node \(node.index): \(error)" }
            if attempt % gateways.count == gateways.count - 1 { try? await Task.sleep(for: Self.pause) }
        }
        state.withLock { state in
            state.requests += 1
            state.failures.append("nobody answered, last \(last)")
        }
    }
}
