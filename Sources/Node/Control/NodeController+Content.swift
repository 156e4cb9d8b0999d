import BlockStore
import Content
import Control
import Core
import Gateway
import NIOCore
import Publishing

extension NodeController {
    // MARK: - Publishing

    func publish(
        _ request: PublishRequest,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> PublishResult {
        let label = request.name ?? Self.label(ofPath: request.folderName ?? request.path)
        let key = try parts.keys.key(for: label)
        let copies = request.copies ?? Self.copiesDefault
        guard (1...Publication.copiesMax).contains(copies) else {
            throw NodeError(.usage, "--copies is \(copies); 1 to \(Publication.copiesMax) are possible")
        }
        let lease = request.leaseDays.map { Duration.seconds(Int64($0) * 86_400) } ?? Publication.leaseDefault
        guard lease > .zero, lease <= Publication.leaseMax else {
            let daysMax = Publication.leaseMax.components.seconds / 86_400
            throw NodeError(.usage, "--lease is \(request.leaseDays ?? 0) days; 1 to \(daysMax) are possible")
        }
        let owner = CopyService.owner(of: key.id)
        let report = try await importFolder(request, owner: owner, progress: progress)
        let published: PublishService.Published
        do {
            published = try await parts.publishing.publish(
                report.root,
                byteCount: report.dagBytes,
                label: label,
                key: key,
                copies: copies,
                lease: lease,
                progress: progress
            )
        } catch {
            await dropResidue(report.root, of: key.id)
            throw error
        }
        parts.floors.keeper.wake()
        return PublishResult(
            name: key.id.description,
            root: report.root.description,
            url: "http://\(gateway)/ipns/\(key.id)/",
            copiesPlaced: published.copies,
            copiesWanted: copies,
            hiddenSkipped: report.hiddenEntries,
            unreadableSkipped: report.skipped.map(\.path),
            notes: notes(report, published, wanted: copies)
        )
    }

    private func importFolder(
        _ request: PublishRequest,
        owner: String,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> ImportReport {
        let store = parts.base.store
        let cancelled = SiteCopier.CallOff()
        return try await withTaskCancellationHandler {
            try await parts.base.work.run {
                let options = ImportOptions(
                    includesHidden: request.includeHidden,
                    skipsUnreadable: request.skipUnreadable
                )
                return try store.importFolder(request.path, options: options, owner: owner, at: Clock.now()) { now in
                    if cancelled.isCalledOff { throw CancellationError() }
                    progress(.init(phase: "importing", unit: .files, done: now.entries))
                }
            }
        } onCancel: {
            cancelled.callOff()
        }
    }

    /// A publish that failed leaves nothing pinned that was not published before.
    private func dropResidue(_ root: CID, of publisher: PublisherID) async {
        let kept = parts.mesh.read { $0.repair.index.publication(of: publisher)?.versions.map(\.root) ?? [] }
        guard !kept.contains(root) else { return }
        let store = parts.base.store
        _ = try? await parts.base.work.run {
            try store.unpin(Pin(root: root, owner: CopyService.owner(of: publisher)))
        }
    }

    private func notes(_ report: ImportReport, _ published: PublishService.Published, wanted: Int) -> [String] {
        var notes = report.skipped.map { "left out: \($0.path) (\($0.reason))" }
        if report.hidesWellKnown { notes.append(".well-known is among the hidden entries; many sites need it") }
        if let reason = published.reason, published.copies < wanted { notes.append(reason) }
        return notes
    }

    /// A label from the folder's name: what a label may not have becomes a dash, what is too long is cut.
    static func label(ofPath path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        var label = ""
        for character in name.drop(while: { $0 == "." }) {
            let next = label + (PublisherKeys.isAllowed(character) ? String(character) : "-")
            guard next.utf8.count <= PublisherKeys.labelBytesMax else { break }
            label = next
        }
        return label.isEmpty ? "site" : label
    }

    // MARK: - Archives

    func importCAR(
        path: String,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> [String] {
        let store = parts.base.store
        return try await parts.base.work.run {
            try ArchiveFile(path: path).load(into: store, owner: "import") { bytes in
                progress(.init(phase: "importing", unit: .bytes, done: bytes))
            }
            .map(\.description)
        }
    }

    func exportCAR(
        cid: String,
        to path: String,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> Int {
        let root: CID
        do { root = try CID(cid) } catch { throw NodeError(.usage, "\"\(cid)\" is no CID: \(error.message)") }
        try await bringIn(root)
        let store = parts.base.store
        return try await parts.base.work.run {
            try ArchiveFile(path: path).save(root, from: store) { bytes in
                progress(.init(phase: "exporting", unit: .bytes, done: bytes))
            }
        }
    }

    /// Makes a whole DAG local, from others where it has to be.
    private func bringIn(_ root: CID) async throws {
        let source = NodeParts.source(
            parts.base,
            mesh: parts.mesh,
            search: parts.search,
            client: parts.exchange,
            floors: parts.floors.restore
        )
        let store = parts.base.store
        while true {
            let missing = try await parts.base.work.run { try store.state(ofDAG: root, missingMax: 256).missing }
            guard !missing.isEmpty else { return }
            do { try await source.fetchBlocks(missing, under: root) } catch {
                let code: NodeError.Code = error.code == .notFound ? .notFound : .mesh
                throw NodeError(code, error.message)
            }
        }
    }
}
