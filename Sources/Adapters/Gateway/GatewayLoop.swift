import NIOCore
import Synchronization

/// What all event loops of a gateway share.
final class GatewayShared: Sendable {
    let configuration: GatewayConfiguration
    let responder: GatewayResponder
    let connections = Atomic<Int>(0)
    /// Raised when stored answers must not be used any more.
    let cacheEpoch = Atomic<UInt64>(0)

    init(configuration: GatewayConfiguration, responder: GatewayResponder) {
        self.configuration = configuration
        self.responder = responder
    }
}

/// What one event loop of a gateway owns: its memory, its connections, its clock. Never leaves the loop.
final class GatewayLoop {
    /// How often time-outs are looked at; every other duration is a number of these ticks.
    static let tickPeriod = TimeAmount.milliseconds(500)

    let eventLoop: any EventLoop
    let shared: GatewayShared
    let counters: LoopCounters
    var cache: ResponseCache
    var clock = DateClock()
    /// The current tick; stands still while there is no connection, and is set when the first one comes.
    private(set) var tick: UInt32 = 0
    private(set) var isDraining = false
    private var cacheEpoch: UInt64 = 0
    private var connections: [ObjectIdentifier: HTTPConnectionHandler] = [:]
    private var nextSweep: Scheduled<Void>?
    private var slotsFree: Int
    private var waiting: [HTTPConnectionHandler] = []
    private var drained: [EventLoopPromise<Void>] = []

    init(eventLoop: any EventLoop, shared: GatewayShared, counters: LoopCounters, loopCount: Int, seed: UInt64) {
        self.eventLoop = eventLoop
        self.shared = shared
        self.counters = counters
        let configuration = shared.configuration
        cache = ResponseCache(bytesMax: configuration.responseCacheBytesMax / loopCount, seed: seed)
        slotsFree = max(1, configuration.requestsInFlightMax / loopCount)
    }

    /// `duration` in ticks, at least one, rounded up.
    static func ticks(_ duration: Duration) -> UInt32 {
        let (seconds, attoseconds) = duration.components
        let ticks = seconds * 2 + (attoseconds + 499_999_999_999_999_999) / 500_000_000_000_000_000
        return UInt32(clamping: max(1, ticks))
    }

    /// Called before a batch of requests: brings date and memory up to date.
    @inline(__always)
    func beginBatch() {
        clock.update()
        let epoch = shared.cacheEpoch.load(ordering: .relaxed)
        if epoch != cacheEpoch {
            cacheEpoch = epoch
            cache.removeAll()
        }
    }

    // MARK: - Connections

    func add(_ handler: HTTPConnectionHandler) {
        connections[ObjectIdentifier(handler)] = handler
        counters.countConnections(1)
        if nextSweep == nil {
            updateTick()
            scheduleSweep()
        }
    }

    func remove(_ handler: HTTPConnectionHandler) {
        guard connections.removeValue(forKey: ObjectIdentifier(handler)) != nil else { return }
        shared.connections.subtract(1, ordering: .relaxed)
        counters.countConnections(-1)
        waiting.removeAll { $0 === handler }
        guard connections.isEmpty else { return }
        nextSweep?.cancel()
        nextSweep = nil
        drained.forEach { $0.succeed() }
        drained = []
    }

    private func updateTick() {
        tick = UInt32(truncatingIfNeeded: NIODeadline.now().uptimeNanoseconds / 500_000_000)
    }

    private func scheduleSweep() {
        nextSweep = eventLoop.assumeIsolated().scheduleTask(in: Self.tickPeriod) { [self] in sweep() }
    }

    private func sweep() {
        updateTick()
        scheduleSweep()
        for handler in Array(connections.values) { handler.expireIfDue(tick: tick) }
    }

    // MARK: - Turns

    /// Whether a request may be worked on now; otherwise `handler` is called when it is its turn.
    func takeSlot(for handler: HTTPConnectionHandler) -> Bool {
        guard slotsFree > 0 else {
            waiting.append(handler)
            return false
        }
        slotsFree -= 1
        return true
    }

    func leaveQueue(_ handler: HTTPConnectionHandler) {
        waiting.removeAll { $0 === handler }
    }

    func releaseSlot() {
        guard let next = waiting.first else {
            slotsFree += 1
            return
        }
        waiting.removeFirst()
        next.startWaitingRequest()
    }

    // MARK: - Shutdown

    /// Answers what is being answered, closes the rest; succeeds when no connection is left.
    func drain(_ promise: EventLoopPromise<Void>) {
        isDraining = true
        guard !connections.isEmpty else {
            promise.succeed()
            return
        }
        drained.append(promise)
        for handler in Array(connections.values) { handler.drain() }
    }

    /// Closes what is left.
    func closeAll() {
        for handler in Array(connections.values) { handler.closeNow() }
    }
}
