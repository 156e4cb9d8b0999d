import Core
import Logging
import Mesh
import Objects
import PieceStore
import Placement
import Publishing
import Synchronization

/// Runs the repair of segments on this node: feeds the engine with what happens, and does what it says.
final class SegmentRepairService: Sendable {
    /// How often it is looked whether something is due, and how the members are.
    static let tickPeriod = Duration.milliseconds(250)
    /// Segments that are loaded at a time when the node starts.
    static let loadBatch = 1_000
    /// A big node rests as long as each batch took, so that serving goes first; a small one has no second batch.
    static let loadPause = 1
    /// How long one exchange with a node may take.
    static let syncTimeMax = Duration.seconds(10)
    /// When the mesh's time moves by more than that against this machine's, all that repair knows is put in anew.
    static let clockJump = Duration.seconds(300)

    private struct State {
        var machine: SegmentRepairMachine
        /// How far the mesh's time was from this machine's when the engine was made.
        var clockOffset: Duration
        var alive: [NodeID: Bool] = [:]
        var candidates: CandidateTable?
        /// Rebuilds under way, and those of them that were called off.
        var rebuilding: Set<Digest> = []
        var cancelled: Set<Digest> = []
    }

    let desk: PieceDesk
    let mesh: MeshService
    let rebuild: SegmentRebuild
    let logger: Logger
    private let settings: SegmentRepairSettings
    private let state: Mutex<State>
    private let effects: AsyncStream<SegmentRepairEffect>
    private let effectInput: AsyncStream<SegmentRepairEffect>.Continuation
    /// Segments of which it is not known here what their other holders say, since the index was built anew.
    let unlearned: AsyncStream<SegmentID>
    let unlearnedInput: AsyncStream<SegmentID>.Continuation

    init(desk: PieceDesk, mesh: MeshService, rebuild: SegmentRebuild, settings: SegmentRepairSettings, logger: Logger) {
        self.desk = desk
        self.mesh = mesh
        self.rebuild = rebuild
        self.logger = logger
        self.settings = settings
        let (now, offset) = mesh.read { ($0.mesh.meshNow(Clock.now()), $0.mesh.clockOffset) }
        let machine = SegmentRepairMachine(node: mesh.node, settings: settings, now: now)
        state = Mutex(State(machine: machine, clockOffset: offset))
        (unlearned, unlearnedInput) = AsyncStream.makeStream(of: SegmentID.self)
        (effects, effectInput) = AsyncStream.makeStream(of: SegmentRepairEffect.self)
    }

    /// Pieces over all segments of which this node holds one.
    var strength: SegmentStrength { state.withLock { $0.machine.strength } }

    // MARK: - Running

    /// Works until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.perform() }
            group.addTask { await self.relearn() }
            group.addTask {
                await self.load()
                await withDiscardingTaskGroup { group in
                    group.addTask { await self.listen() }
                    group.addTask { await self.keepTime() }
                }
            }
        }
    }

    /// Tells the engine what this node holds; pieces that come meanwhile wait in the desk's stream.
    private func load() async {
        var last: Digest?
        do {
            while !Task.isCancelled {
                let after = last
                let batch = try await desk.work.run {
                    try self.desk.store.heldSegments(after: after, limit: Self.loadBatch)
                }
                guard let end = batch.last else { break }
                last = end
                let start = ContinuousClock.now
                try await desk.work.run { for segment in batch { try self.load(segment) } }
                if batch.count == Self.loadBatch {
                    try await Task.sleep(for: (ContinuousClock.now - start) * Self.loadPause)
                }
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.error("what is held for private objects could not be read", metadata: ["error": "\(error)"])
        }
        run { $0.resumed(now: $1) }
    }

    private func load(_ segment: Digest) throws {
        let id = SegmentID(segment)
        guard let bytes = try desk.store.record(of: segment) else { return }
        let record = try SegmentOutline(stored: bytes, as: id)
        // All were verified before they were stored; a million segments are not verified again at each start.
        var statements = try desk.store.statements(of: segment)
        let own = mesh.node.bytes
        let pieces = try desk.store.pieces(of: segment)
        if desk.isUnlearned(record, pieces, statements) {
            try desk.stateAnew(desk.record(of: id))
            statements = try desk.store.statements(of: segment)
            unlearnedInput.yield(id)
        }
        for index in pieces {
            let made = statements.first { $0.node == own && $0.piece.index == index }?.made ?? record.created
            held(
                record,
                index: index,
                made: made,
                leaseEnd: max(try desk.store.description(segment, index)?.leaseEnd ?? record.leaseEnd, record.leaseEnd)
            )
        }
        for statement in statements where statement.node != own {
            guard let node = try? NodeID(statement.node) else { continue }
            let notice = PieceNotice(
                segment: segment,
                index: statement.piece.index,
                node: node,
                state: statement.isHolding(now: .distantPast) ? .holding : .withdrawn,
                made: statement.made,
                until: statement.until
            )
            run { $0.statement(notice, now: $1) }
        }
    }

    private func listen() async {
        for await event in desk.events {
            switch event {
            case .held(let record, let index, let statement):
                held(record, index: index, made: statement.made, leaseEnd: statement.until)
                for known in (try? desk.statements(of: record.id)) ?? [] { stated(known) }
            case .stated(let statement): stated(statement)
            case .entombed(let segments):
                for id in segments { run { $0.segmentGone(id.digest, now: $1) } }
            case .renewed(let segments): await renewed(segments)
            }
        }
    }

    private func keepTime() async {
        while !Task.isCancelled {
            if followClock() { await load() }
            watchMembers()
            run { $0.tick(now: $1) }
            try? await Task.sleep(for: Self.tickPeriod)
        }
        effectInput.finish()
    }

    /// Begins anew when it turned out that the time was wrong by which everything was judged.
    private func followClock() -> Bool {
        let (now, offset) = mesh.read { ($0.mesh.meshNow(Clock.now()), $0.mesh.clockOffset) }
        return state.withLock { state in
            guard abs((offset - state.clockOffset).wholeMilliseconds) > Self.clockJump.wholeMilliseconds else {
                return false
            }
            state.clockOffset = offset
            state.machine = SegmentRepairMachine(node: mesh.node, settings: settings, now: now)
            state.alive = [:]
            return true
        }
    }

    // MARK: - Events

    func held(_ record: SegmentRecord, index: Int, made: Instant, leaseEnd: Instant) {
        held(SegmentOutline(record), index: index, made: made, leaseEnd: leaseEnd)
    }

    private func held(_ record: SegmentOutline, index: Int, made: Instant, leaseEnd: Instant) {
        guard
            let piece = HeldPiece(
                segment: record.id.digest,
                index: index,
                k: record.layout.code.dataCount,
                n: record.layout.code.totalCount,
                pieceBytes: UInt64(record.layout.pieceByteCount),
                leaseEnd: leaseEnd,
                made: made
            )
        else { return }
        run { $0.segmentHeld(piece, now: $1) }
    }

    /// Segments are kept for longer: repair knows it, and the other holders hear what this node says now.
    private func renewed(_ segments: [SegmentID]) async {
        var news: [NodeID: [[UInt8]]] = [:]
        for id in segments {
            let known = try? await desk.work.run { (try self.desk.record(of: id), try self.desk.statements(of: id)) }
            guard let (record, statements) = known else { continue }
            let own = statements.filter { $0.node == mesh.node && $0.state == .holding }
            for statement in own {
                held(record, index: statement.index, made: statement.made, leaseEnd: statement.until)
            }
            for node in Set(statements.map(\.node)).subtracting([mesh.node]) {
                news[node, default: []] += own.map(\.bytes)
            }
        }
        let known = try? await desk.work.run { [desk] in try desk.renewals(of: segments) }
        let renewals = Array((known ?? []).prefix(SyncMessage.renewalsMax))
        for node in news.keys.sorted() {
            let statements = news[node] ?? []
            for start in stride(from: 0, to: statements.count, by: SyncMessage.statementsMax) {
                let batch = statements[start..<min(start + SyncMessage.statementsMax, statements.count)]
                guard
                    let message = try? SyncMessage(
                        statements: Array(batch),
                        tombstones: [],
                        // Whom the owner did not reach hears of it from its fellows.
                        renewals: start == 0 ? renewals : [],
                        askingAbout: []
                    )
                else { continue }
                await rebuild.client.tell(message, to: [node], within: SegmentRebuild.introductionTimeMax)
            }
        }
    }

    func stated(_ statement: PieceStatement) {
        guard statement.node != mesh.node else { return }
        let notice = PieceNotice(
            segment: statement.segment.digest,
            index: statement.index,
            node: statement.node,
            state: statement.state == .holding ? .holding : .withdrawn,
            made: statement.made,
            until: statement.until
        )
        run { $0.statement(notice, now: $1) }
    }

    /// Who died, who came back, and who lends how much.
    private func watchMembers() {
        let (members, candidates) = mesh.read { state in
            // Members are observed by this machine's clock.
            (
                state.mesh.members.map { ($0.node, $0.observation.status, state.mesh.meshNow($0.observation.since)) },
                state.repair.index.candidates
            )
        }
        let changed = state.withLock { state in
            let changed = members.filter { node, status, _ in
                status != .suspect && state.alive[node] != (status == .alive)
            }
            for (node, status, _) in changed { state.alive[node] = status == .alive }
            return changed
        }
        run { machine, now in machine.candidatesChanged(candidates, now: now) }
        for (node, status, since) in changed {
            run { machine, now in
                status == .alive
                    ? machine.memberAlive(node, now: now)
                    : machine.memberDied(node, silentSince: since, now: now)
            }
        }
    }

    private func run(_ event: (inout SegmentRepairMachine, Instant) -> [SegmentRepairEffect]) {
        let now = mesh.read { $0.mesh.meshNow(Clock.now()) }
        let effects = state.withLock { state in
            let effects = event(&state.machine, now)
            for case .cancel(let segment) in effects where state.rebuilding.contains(segment) {
                state.cancelled.insert(segment)
            }
            return effects
        }
        for effect in effects { effectInput.yield(effect) }
    }

    // MARK: - Effects

    private func perform() async {
        await withDiscardingTaskGroup { group in
            for await effect in effects {
                switch effect {
                case .rebuild(let segment, let indexes, let targets):
                    state.withLock { state in
                        state.cancelled.remove(segment)
                        state.rebuilding.insert(segment)
                    }
                    group.addTask { await self.rebuild(segment, indexes, targets) }
                case .withdraw(let segment, let index): group.addTask { await self.withdraw(segment, index) }
                case .sync(let segments, let node): group.addTask { await self.sync(segments, with: node) }
                case .cancel, .wake: break
                }
            }
            group.cancelAll()
        }
    }

    private func rebuild(_ segment: Digest, _ indexes: [Int], _ targets: [NodeID]) async {
        let plan = zip(indexes, targets).map { PiecePlace(piece: $0, node: $1) }
        defer {
            state.withLock { state in
                state.cancelled.remove(segment)
                state.rebuilding.remove(segment)
            }
        }
        do {
            let isCancelled = { @Sendable in self.state.withLock { $0.cancelled.contains(segment) } }
            let outcome = try await rebuild.rebuild(SegmentID(segment), plan, isCancelled: isCancelled)
            for statement in outcome.statements {
                run { $0.rebuilt(segment, index: statement.index, on: statement.node, now: $1) }
                stated(statement)
            }
            guard !outcome.refused.isEmpty else { return }
            logger.info(
                "pieces were not taken",
                metadata: ["segment": "\(SegmentID(segment))", "by": "\(outcome.reasons.joined(separator: "; "))"]
            )
            run { $0.rebuildFailed(segment, .refused(outcome.refused), now: $1) }
        } catch {
            logger.info(
                "a segment could not be repaired now",
                metadata: ["segment": "\(SegmentID(segment))", "error": "\(error)"]
            )
            run { $0.rebuildFailed(segment, .local("\(error)"), now: $1) }
        }
    }

    /// Makes a damaged piece of this node again; where that cannot be done now, the other holders hear that it is gone.
    ///
    /// - Returns: Whether it is whole again.
    func mend(_ piece: PieceKey) async -> Bool {
        let plan = [PiecePlace(piece: piece.index, node: mesh.node)]
        do {
            let id = SegmentID(piece.segment)
            let outcome = try await rebuild.rebuild(id, plan, isCancelled: { false })
            guard outcome.refused.isEmpty else {
                let reasons = outcome.reasons.joined(separator: "; ")
                throw NodeError(.mesh, "this node did not take the piece that was made again: \(reasons)")
            }
            return true
        } catch {
            guard !Task.isCancelled else { return false }
            logger.info(
                "a damaged piece could not be made again here",
                metadata: ["piece": "\(piece)", "error": "\(error)"]
            )
            await withdraw(piece.segment, piece.index)
            run { $0.pieceLost(piece.segment, index: piece.index, now: $1) }
            return false
        }
    }

    private func withdraw(_ segment: Digest, _ index: Int) async {
        do {
            let id = SegmentID(segment)
            let statements = try await desk.work.run { try self.desk.statements(of: id) }
            guard let own = statements.first(where: { $0.node == mesh.node && $0.index == index }) else { return }
            let last = try desk.statement(
                on: PieceID(segment: id, index: index),
                .withdrawn,
                until: own.until,
                made: own.made
            )
            try await desk.work.run {
                try self.desk.store.putStatements([last.stored])
                _ = try self.desk.store.remove(segment, index)
            }
            let message = try SyncMessage(statements: [last.bytes], tombstones: [], renewals: [], askingAbout: [])
            let others = Set(statements.map(\.node)).subtracting([mesh.node])
            await rebuild.client.tell(message, to: others, within: SegmentRebuild.introductionTimeMax)
        } catch {
            logger.info("a surplus piece could not be given up", metadata: ["error": "\(error)"])
        }
    }
}
