import BlockStore
import Control
import Core
import PieceStore

extension NodeController {
    /// How often the stores are counted before it is believed that something is off: what is being written looks so.
    private static let countsMax = 3
    private static let countPause = Duration.seconds(2)
    /// Bytes that are read between two reports of progress.
    private static let checkBytes = 16 << 20
    /// Bytes a second that are read at most: whoever is served meanwhile needs the disk too.
    private static let checkPace = Pace(bytesPerSecond: 256 << 20)
    /// Damaged blocks that are named; of more only the number is said.
    private static let rottenNamedMax = 16

    /// Counts everything that is stored here anew, compares it with the accounts, and reads every block and piece.
    ///
    /// - Parameter repair: Whether damaged pieces are made again; `nil` means yes. Damaged blocks of published content are
    ///   taken out of service in any case, and fetched from others while the node runs.
    func fsck(
        repair: Bool?,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> FsckResult {
        let repairs = repair ?? true
        let blocks = parts.base.store
        progress(.init(phase: "counting", unit: .pieces, done: 0))
        let report = try await parts.base.work.run { try blocks.recount() }
        var problems = Self.problems(report, folder: parts.base.folder.blocks)
        let counted = try await recountPieces(progress)
        problems += Self.problems(counted, folder: parts.base.folder.pieces, rebuilds: repairs)
        if !counted.isSound, repairs { parts.base.pieces.requestRebuild() }
        var result = FsckResult(blocks: report.blocks, pieces: counted.pieces, bytes: 0, sound: false)
        try await checkBlocks(&result, &problems, progress)
        try await check(&result, &problems, repairs: repairs, progress)
        result.problems = problems
        result.sound = problems.isEmpty
        return result
    }

    /// Moves what this node holds elsewhere; stops the node once nothing is left that must not go with it.
    func exit(progress: @escaping @Sendable (OperationProgress) -> Void) async throws -> ExitResult {
        let departure = Departure(
            desk: parts.objects.desk,
            rebuild: parts.objects.rebuild,
            requests: HoldRequest(client: parts.network.client, mesh: parts.mesh),
            held: HeldSites(records: parts.base.records),
            logger: logger,
            progress: progress
        )
        let result = try await departure.leave()
        if result.left.isEmpty { departed.resolve(.success(())) }
        return result
    }

    // MARK: - Blocks

    /// Hashes every block of published content; what is wrong is withdrawn, as if a visitor had come upon it.
    private func checkBlocks(
        _ result: inout FsckResult,
        _ problems: inout [String],
        _ progress: @Sendable (OperationProgress) -> Void
    ) async throws {
        let blocks = parts.base.store
        let total = Int(clamping: blocks.accounting.total - blocks.accounting.dead)
        var rotten: [CID] = []
        var next: BlockCursor? = .start
        while let cursor = next {
            let began = ContinuousClock.now
            let step = try await parts.base.work.run { try blocks.verify(from: cursor, bytesMax: Self.checkBytes) }
            result.bytes += step.bytes
            rotten += step.rotten
            next = step.next
            progress(
                .init(phase: "checking blocks", unit: .bytes, done: result.bytes, total: max(total, result.bytes))
            )
            try await Self.checkPace.wait(step.bytes, since: began)
        }
        problems += rotten.prefix(Self.rottenNamedMax).map { cid in
            "\(parts.base.folder.blocks): block \(cid) is damaged; it is fetched from others while the node "
                + "runs, see with 'holdfast fsck' whether it was; where nobody else has it, publish its site again"
        }
        guard rotten.count > Self.rottenNamedMax else { return }
        problems.append("\(parts.base.folder.blocks): \(rotten.count) blocks are damaged; check the disk")
    }

    // MARK: - Pieces

    private func recountPieces(_ progress: @Sendable (OperationProgress) -> Void) async throws -> Recount {
        let pieces = parts.base.pieces
        var counted = try await parts.base.work.run { try pieces.recount() }
        for _ in 1..<Self.countsMax where !counted.isSound {
            try await Task.sleep(for: Self.countPause)
            counted = try await parts.base.work.run { try pieces.recount() }
        }
        return counted
    }

    /// Reads every piece; damaged ones are made again from those of others.
    private func check(
        _ result: inout FsckResult,
        _ problems: inout [String],
        repairs: Bool,
        _ progress: @Sendable (OperationProgress) -> Void
    ) async throws {
        let pieces = parts.base.pieces
        let accounting = pieces.accounting
        let total = Int(accounting.sound.payloadBytes)
        var read = 0
        var damaged = try await parts.base.work.run { try pieces.damaged() }
        var next: ScrubCursor? = .start
        while let cursor = next {
            let began = ContinuousClock.now
            let scrubbed = try await parts.base.work.run { try pieces.scrub(from: cursor, bytesMax: Self.checkBytes) }
            read += scrubbed.bytes
            damaged += scrubbed.damaged
            next = scrubbed.next
            progress(.init(phase: "checking pieces", unit: .bytes, done: read, total: max(total, read)))
            try await Self.checkPace.wait(scrubbed.bytes, since: began)
        }
        result.bytes += read
        for (number, key) in damaged.enumerated() {
            progress(.init(phase: "repairing", unit: .pieces, done: number, total: damaged.count))
            if repairs, await parts.objects.repair.mend(key) {
                result.rebuilt += 1
                continue
            }
            problems.append(
                "\(parts.base.folder.pieces): piece \(key) is damaged; "
                    + (repairs
                        ? "too few of its others can be reached now, they make it again when they can"
                        : "run 'holdfast fsck' without --no-repair to make it again")
            )
        }
    }

    // MARK: - Sentences

    private static func problems(_ report: RecountReport, folder: String) -> [String] {
        let remedy = "restart the node; if it is said again, stop it, move the folder away and publish again"
        let named = [
            (report.accountsOff, "the accounts do not fit the blocks"),
            (report.referencesOff, "references to blocks do not fit what is kept"),
            (report.volumesOff, "volumes do not fit the index"),
            (report.nodesOff, "inline blocks do not fit the index"),
        ]
        var problems = named.filter { $0.0 > 0 }.map { "\(folder): \($0.1) (\($0.0)); \(remedy)" }
        if report.withdrawn > 0 {
            problems.append(
                "\(folder): \(report.withdrawn) blocks are damaged; they are fetched from others while the node runs"
            )
        }
        return problems
    }

    private static func problems(_ counted: Recount, folder: String, rebuilds: Bool) -> [String] {
        guard !counted.isSound else { return [] }
        let remedy =
            rebuilds
            ? "restart the node, it then makes its index anew"
            : "run 'holdfast fsck' without --no-repair, then restart the node"
        let named = [
            (counted.databaseOff, "the index is damaged"),
            (counted.accountsOff, "the accounts do not fit the pieces"),
            (counted.ownersOff, "the accounts of owners do not fit their pieces"),
            (counted.segmentsOff, "pieces and segments do not fit each other"),
            (counted.volumesOff, "volumes do not fit the index"),
            (counted.framesOff, "headers of pieces do not fit the index"),
            (counted.residue, "there are pieces that the index does not know"),
        ]
        let places = counted.places.isEmpty ? "" : "; at \(counted.places.joined(separator: ", "))"
        return named.filter { $0.0 > 0 }.map { "\(folder): \($0.1) (\($0.0))\(places); \(remedy)" }
    }
}
