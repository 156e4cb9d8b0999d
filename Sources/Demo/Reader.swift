package import AsyncHTTPClient
import Core
import NIOCore
import Synchronization

/// Asks for files at a steady rate and behaves as a good client does: it knows several gateways, asks another one when
/// a connection fails or when no first byte came within a second, and checks the hash of everything it gets.
package final class Reader: Sendable {
    /// How long a gateway may take to begin an answer before another one is asked.
    package static let firstByteTimeMax = Duration.seconds(1)
    /// Requests under way at once; beyond it the reader waits and the rate falls.
    static let inFlightMax = 512
    /// Pause after all gateways were asked in vain.
    private static let roundPause = Duration.milliseconds(100)

    private struct State {
        var picker: RequestPicker
        var tally = ReaderTally()
        var inFlight = 0
        var isStopping = false
        var asked = 0
    }

    private let gateways: [String]
    private let targets: [ReadTarget]
    private let rate: Int
    private let firstByteTimeMax: Duration
    private let http: HTTPClient
    private let state: Mutex<State>
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - gateways: `ADDRESS:PORT` of each.
    ///   - targets: at least one.
    ///   - rate: requests per second.
    package init(
        gateways: [String],
        targets: [ReadTarget],
        rate: Int,
        seed: UInt64,
        firstByteTimeMax: Duration = Reader.firstByteTimeMax,
        http: HTTPClient
    ) {
        self.gateways = gateways
        self.targets = targets
        self.rate = rate
        self.firstByteTimeMax = firstByteTimeMax
        self.http = http
        state = Mutex(
            State(picker: RequestPicker(items: targets.count, gateways: gateways.count, seed: seed))
        )
    }

    /// A client that does not retry on its own: retries are counted here.
    package static func makeClient() -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.timeout.connect = .seconds(1)
        configuration.timeout.read = .seconds(5)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Asks until ``stop()``, then waits for the answers that are under way.
    package func run() async {
        let interval = Duration.seconds(1) / rate
        await withDiscardingTaskGroup { group in
            var due = clock.now
            while !state.withLock({ $0.isStopping }) {
                do { try await clock.sleep(until: due) } catch { return group.cancelAll() }
                due = max(due + interval, clock.now - .seconds(1))
                let pick = state.withLock { state -> RequestPicker.Pick? in
                    guard state.inFlight < Self.inFlightMax else { return nil }
                    state.inFlight += 1
                    state.asked += 1
                    return state.picker.next(now: clock.now - start)
                }
                guard let pick else { continue }
                let isNamed = pick.item % 4 == 3
                group.addTask {
                    await self.read(pick, isNamed: isNamed)
                    self.state.withLock { $0.inFlight -= 1 }
                }
            }
        }
    }

    package func stop() { state.withLock { $0.isStopping = true } }

    /// Nodes are killed now: what is under way in the next second is looked at by itself.
    func noteKill() { state.withLock { $0.tally.killed(at: clock.now) } }

    package func tally() -> ReaderTally { state.withLock { $0.tally } }

    /// The numbers so far, and the latencies since the last call.
    func takeWindow() -> (ReaderTally, LatencyHistogram) {
        state.withLock { state in
            let window = state.tally.takeWindow()
            return (state.tally, window)
        }
    }

    // MARK: One request

    /// Longest text of an error answer that is shown, in bytes.
    private static let reasonBytesMax = 1_024

    private enum Attempt {
        case whole
        /// A good client asks another gateway.
        case unanswered(String)
        /// The reader has an answer, and it is wrong.
        case wrong(String)
    }

    private func read(_ pick: RequestPicker.Pick, isNamed: Bool) async {
        let target = targets[pick.item]
        let path = isNamed ? target.named : target.immutable
        let began = clock.now
        let deadline = began + target.timeMax
        var asked: Set<Int> = []
        var retries = -1
        var gateway = pick.gateway
        var last = "no gateway answered"
        while clock.now < deadline {
            retries += 1
            switch await attempt(gateways[gateway], path: path, target: target, deadline: deadline) {
            case .whole:
                let elapsed = clock.now - began
                return state.withLock {
                    $0.picker.succeeded(gateway: gateway, item: pick.item)
                    $0.tally.succeeded(
                        bytes: target.size,
                        isFresh: pick.isFresh,
                        retries: retries,
                        began: began,
                        after: elapsed
                    )
                }
            case .wrong(let what):
                return fail(
                    "\(path) at \(gateways[gateway]): \(what)",
                    pick,
                    retries: retries,
                    since: began
                )
            case .unanswered(let what):
                if Task.isCancelled { return }
                last = "\(gateways[gateway]): \(what)"
                asked.insert(gateway)
                let now = clock.now - start
                let next = state.withLock { state in
                    state.picker.failed(gateway: gateway, now: now)
                    return state.picker.gateway(excluding: asked, now: now)
                }
                if let next {
                    gateway = next
                } else {
                    asked = []
                    try? await clock.sleep(for: Self.roundPause)
                }
            }
        }
        fail(
            "\(path): no whole answer in time, last from \(last)",
            pick,
            retries: max(0, retries),
            since: began
        )
    }

    private func fail(
        _ what: String,
        _ pick: RequestPicker.Pick,
        retries: Int,
        since began: ContinuousClock.Instant
    ) {
        let elapsed = clock.now - began
        state.withLock {
            $0.tally.failed(what, isFresh: pick.isFresh, retries: retries, began: began, after: elapsed)
        }
    }

    private func attempt(
        _ gateway: String,
        path: String,
        target: ReadTarget,
        deadline: ContinuousClock.Instant
    ) async -> Attempt {
        let wait = min(firstByteTimeMax, deadline - clock.now)
        do {
            let response = try await http.execute(
                HTTPClientRequest(url: "http://\(gateway)\(path)"),
                timeout: .milliseconds(wait.wholeMilliseconds)
            )
            guard response.status == .ok else {
                let reason = try? await response.body.collect(upTo: Self.reasonBytesMax)
                return .wrong("status \(response.status.code) \(reason.map { String(buffer: $0) } ?? "")")
            }
            var hasher = Hasher256()
            var count = 0
            for try await chunk in response.body {
                chunk.withUnsafeReadableBytes { hasher.update($0) }
                count += chunk.readableBytes
                guard count <= target.size else {
                    return .wrong("more than the \(target.size) bytes of the file")
                }
                guard clock.now < deadline else { return .wrong("no whole answer in time") }
            }
            guard count == target.size else { return .wrong("\(count) bytes instead of \(target.size)") }
            return hasher.finalize() == target.digest ? .whole : .wrong("wrong bytes")
        } catch {
            return .unanswered("\(error)")
        }
    }
}
