import AsyncHTTPClient
import Control
import Core
import Demo
import Foundation
import NIOCore
import Synchronization

/// One run: builds up, lets faults happen under load, heals, and checks what was acknowledged.
final class ChaosRun: Sendable {
    private let mesh: ChaosMesh
    private let place: ChaosPlace
    private let duration: Duration
    private let seed: UInt64
    private let rate: Int
    private let ledger = Ledger()
    private let problems = Problems()
    private let clock = ContinuousClock()
    private let began = ContinuousClock.now
    private let suffering = Mutex<Set<Int>>([])
    private let faults = Mutex<[Fault: Int]>([:])
    private let isOver = Mutex(false)

    private static let pages = 120
    private static let bytesFlipped = 6
    private static let recoverTimeMax = Duration.seconds(180)
    private static let sampleInterval = Duration.seconds(2)

    init(mesh: ChaosMesh, place: ChaosPlace, duration: Duration, seed: UInt64, rate: Int) {
        self.mesh = mesh
        self.place = place
        self.duration = duration
        self.seed = seed
        self.rate = rate
    }

    /// By the node that is never killed it is seen whether memory grows.
    private var witness: ChaosNode { mesh.nodes[mesh.nodes.count - 1] }

    private var elapsed: Duration { clock.now - began }

    private func say(_ text: String) { tell("\(elapsed.components.seconds) s  \(text)") }

    func run() async throws -> ChaosReport {
        try await mesh.start()
        let folder = place.folder + "/site"
        try GeneratedSite.write(count: Self.pages, to: folder, seed: seed)
        let reference = try SiteReference(folder: folder)
        let publisher = SitePublisher(node: mesh.nodes[1], ledger: ledger, folder: folder)
        let site = try await publisher.publish()
        say("\(mesh.nodes.count) nodes know each other, the site is \(site.name)")
        let http = Reader.makeClient()
        let reader = Reader(
            gateways: mesh.nodes.map(\.gateway.description),
            targets: reference.files.map { ReadTarget(file: $0, root: site.root, name: site.name) },
            rate: rate,
            seed: seed,
            http: http
        )
        do {
            try await storm(reader, publisher)
            try await recover()
            await check(site.name, http)
        } catch {
            try? await http.shutdown()
            throw error
        }
        try? await http.shutdown()
        return ChaosReport(
            seed: seed,
            faults: faults.withLock { $0 },
            tally: reader.tally(),
            ledger: ledger,
            problems: problems.list,
            nodes: mesh.nodes
        )
    }

    // MARK: - Faults under load

    private func storm(_ reader: Reader, _ publisher: SitePublisher) async throws {
        let isOver: @Sendable () -> Bool = { self.isOver.withLock { $0 } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await reader.run() }
            group.addTask { await publisher.run(until: isOver) }
            for node in mesh.nodes[2...3] {
                let writer = ObjectWriter(
                    node: node,
                    ledger: ledger,
                    place: place,
                    began: began,
                    seed: seed &+ UInt64(node.index),
                    problems: problems
                )
                group.addTask { await writer.run(until: isOver) }
            }
            group.addTask { try await self.watch(until: isOver) }
            group.addTask {
                try await self.inject()
                reader.stop()
                self.isOver.withLock { $0 = true }
            }
            try await group.waitForAll()
        }
    }

    /// Lets faults happen until the time is over, then waits until the last one has ended.
    private func inject() async throws {
        let runner = FaultRunner(mesh: mesh, place: place, problems: problems)
        var plan = FaultPlan(nodes: mesh.nodes.map(\.index), witness: witness.index, place: place, seed: seed)
        let end = clock.now + duration
        await withTaskGroup { group in
            while clock.now < end, !Task.isCancelled {
                let now = suffering.withLock { $0 }
                guard now.count < FaultPlan.atOnceMax, let step = plan.next(suffering: now) else {
                    try? await clock.sleep(for: .milliseconds(200))
                    continue
                }
                let positions = plan.positions(Self.bytesFlipped)
                suffering.withLock { _ = $0.insert(step.node) }
                faults.withLock { $0[step.fault, default: 0] += 1 }
                say("node \(step.node) is \(step.fault.title) for \(step.lasting.components.seconds) s")
                group.addTask {
                    await runner.run(step, positions: positions)
                    self.suffering.withLock { _ = $0.remove(step.node) }
                }
                try? await clock.sleep(for: step.pause)
            }
        }
    }

    /// Samples memory, and starts nodes again that ended by themselves.
    private func watch(until isOver: @Sendable () -> Bool) async throws {
        while !isOver() {
            for node in mesh.nodes {
                node.sampleMemory(at: elapsed)
                guard let status = node.takeEnd() else { continue }
                problems.add("\(node.title) ended by itself with \(status): \(node.lastWords)")
                try node.launch(invite: nil)
            }
            try await clock.sleep(for: Self.sampleInterval)
        }
    }

    // MARK: - Healing and checking

    /// Waits until all nodes know all, and all copies and pieces are back.
    private func recover() async throws {
        say("no more faults; the mesh heals")
        try await mesh.settle()
        let deadline = clock.now + Self.recoverTimeMax
        var last = ""
        while clock.now < deadline {
            let status = try? await witness.ask(["status"], as: ChaosMesh.Status.self, timeMax: .seconds(20))
            if let status {
                last =
                    "\(status.copies.live) of \(status.copies.target) copies, "
                    + "\(status.pieces.live) of \(status.pieces.target) pieces"
                if status.copies.live >= status.copies.target, status.pieces.live >= status.pieces.target {
                    return say("all is back: \(last)")
                }
            }
            try await clock.sleep(for: .milliseconds(500))
        }
        problems.add("not all is back \(Self.recoverTimeMax) after the last fault: \(last)")
    }

    private func check(_ name: String, _ http: HTTPClient) async {
        for node in mesh.nodes { node.sampleMemory(at: elapsed) }
        for (object, entry) in ledger.entries {
            guard let loss = await loss(of: object, entry) else { continue }
            problems.add("LOST \(object), acknowledged after \(entry.acknowledgedAt.components.seconds) s: \(loss)")
        }
        for node in mesh.nodes { await checkSite(name, at: node, http) }
    }

    /// What is wrong with an object; `nil` when it says what it may.
    private func loss(of object: String, _ entry: Ledger.Entry) async -> String? {
        switch await ObjectReader.read(object, at: mesh.nodes[entry.owner - 1], place: place) {
        case .content(let content) where entry.allows(content): nil
        case .content(nil): "it is gone"
        case .content: "it has other bytes"
        case .failed(let reason): reason
        }
    }

    private func checkSite(_ name: String, at node: ChaosNode, _ http: HTTPClient) async {
        let url = "http://\(node.gateway)/ipns/\(name)/\(SitePublisher.versionFile)"
        let allowed = ledger.siteVersions
        do {
            let response = try await http.execute(HTTPClientRequest(url: url), timeout: .seconds(30))
            let body = String(buffer: try await response.body.collect(upTo: 1_024))
            guard response.status == .ok, let version = Int(body), allowed.contains(version) else {
                return problems.add(
                    "LOST site at \(node.title): version \(allowed.lowerBound) was acknowledged, "
                        + "it says \(response.status.code) \(body.prefix(200))"
                )
            }
        } catch {
            problems.add("LOST site at \(node.title): \(error)")
        }
    }
}
