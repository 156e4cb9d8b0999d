import Control
import Core
import NIOCore
import Namespace
import Objects
import Owners
import Publishing

extension NodeController: ObjectControl {
    var objects: ObjectParts { parts.objects }

    // MARK: - Storing

    func put(
        _ request: PutRequest,
        content: (any AsyncSequence<ByteBuffer, any Error> & Sendable)?,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> PutResult {
        let (owner, isNew) = try objects.vault.readOrCreate(deviceName: LocalName.host())
        if isNew { try await objects.names.publish(owner.certificate) }
        let lease = request.leaseDays.map { Duration.seconds(Int64($0) * 86_400) } ?? Publication.leaseDefault
        guard lease > .zero, lease < SegmentRecord.leaseMax else {
            let daysMax = SegmentRecord.leaseMax.components.seconds / 86_400 - 1
            throw NodeError(.usage, "--lease is \(request.leaseDays ?? 0) days; 1 to \(daysMax) are possible")
        }
        await objects.orphans.sweep()
        let before = try await objects.names.snapshot(of: owner)
        let now = parts.mesh.read { $0.mesh.meshNow(Clock.now()) }
        let (segments, names, log) = (objects.segments, request.name.map { [$0] } ?? request.paths.map(\.name), logger)
        let resumption = try await parts.base.work.run {
            try SegmentResumption(names: names, segments: segments, owner: owner, now: now, logger: log)
        }
        let batch = segments.journal.begin()
        defer { batch.end() }
        let putter = ObjectPutter(
            owner: owner,
            names: objects.names,
            segments: segments,
            existing: before.view,
            work: parts.base.work,
            leaseEnd: now + lease,
            batch: batch,
            resumption: resumption,
            progress: progress
        )
        let outcome = try await store(request, content, with: putter)
        let after = try await objects.names.snapshot(of: owner)
        try await objects.removal.remove(unneeded: before.use, after: after.use, of: batch, owner: owner)
        batch.end()
        await objects.orphans.sweep(after: resumption.put)
        return result(outcome, isNew: isNew)
    }

    private func store(
        _ request: PutRequest,
        _ content: (any AsyncSequence<ByteBuffer, any Error> & Sendable)?,
        with putter: ObjectPutter
    ) async throws -> ObjectPutter.Outcome {
        if let content {
            guard let name = request.name else { throw NodeError(.usage, "standard input needs a name; use --name") }
            return try await putter.put(content, as: name)
        }
        return try await putter.put(
            request.paths,
            includesHidden: request.includeHidden,
            skipsUnreadable: request.skipUnreadable
        )
    }

    private func result(_ outcome: ObjectPutter.Outcome, isNew: Bool) -> PutResult {
        let (nodes, operators) = parts.mesh.read { state in
            (state.repair.index.candidates.lendingCount, state.repair.index.candidates.operatorCount)
        }
        let code = outcome.segments.first?.record.code ?? SegmentCode.forMesh(nodes: nodes)
        var notes = Array(Set(outcome.segments.flatMap(\.warnings))).sorted()
        if code.isWholeCopies, !outcome.segments.isEmpty {
            notes.append("this mesh has under three nodes that lend space: what is stored are whole copies, \(code)")
        }
        if isNew { notes.append("write down your recovery phrase, it alone brings this back: holdfast key backup") }
        return PutResult(
            objects: outcome.objects,
            bytes: outcome.bytes,
            segments: outcome.segments.count,
            piecesPlaced: outcome.segments.reduce(0) { $0 + $1.durableCount },
            piecesWanted: outcome.segments.reduce(0) { $0 + $1.record.code.totalCount },
            code: "\(code)",
            operators: operators,
            leaseEndMilliseconds: outcome.leaseEnd.milliseconds,
            skipped: outcome.skipped,
            notes: notes,
            bytesResumed: outcome.bytesResumed
        )
    }

    // MARK: - Reading

    func get(
        _ request: GetRequest,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> GetResult {
        let owner = try objects.vault.existing()
        let view = try await objects.names.snapshot(of: owner).view
        let getter = ObjectGetter(
            fetch: try objects.segments.fetch(for: owner),
            work: parts.base.work,
            progress: progress
        )
        let result = try await getter.get(Self.name(request.name), from: view, to: request.path)
        if result.bytes >= FreedMemory.bytesWorthIt { try? await parts.base.work.run { FreedMemory.giveBack() } }
        return result
    }

    func content(of name: String) async throws -> ObjectContentStream {
        let owner = try objects.vault.existing()
        let entry = try await entry(Self.name(name), of: owner)
        switch entry.content {
        case .inline(let bytes):
            let chunks = AsyncThrowingStream<ByteBuffer, any Error> { stream in
                stream.yield(ByteBuffer(bytes: bytes))
                stream.finish()
            }
            return ObjectContentStream(byteCount: bytes.count, chunks: chunks)
        case .object(let object):
            let reading = try ObjectReading(object, fetch: objects.segments.fetch(for: owner))
            return ObjectContentStream(byteCount: Int(clamping: entry.size), chunks: ObjectChunks(reading: reading))
        default: throw NodeError(.usage, "\"\(name)\" is no file; 'holdfast get' without '-o -' brings it back")
        }
    }

    func list(prefix: String) async throws -> [ObjectEntry] {
        let owner = try objects.vault.existing()
        let view = try await objects.names.snapshot(of: owner).view
        return view.list(prefix: prefix).compactMap { entry in
            guard let kind = ObjectKind(entry.content) else { return nil }
            return ObjectEntry(
                name: entry.name.text,
                kind: kind,
                bytes: Int(clamping: entry.size),
                modifiedMilliseconds: entry.modified.milliseconds,
                leaseEndMilliseconds: entry.leaseEnd.milliseconds
            )
        }
    }

    func remove(_ name: String, recursive: Bool) async throws -> RemoveResult {
        let owner = try objects.vault.existing()
        let name = try Self.name(name)
        let before = try await objects.names.snapshot(of: owner)
        let below = Array(before.view.list(prefix: name.text + "/"))
        let own = before.view.lookup(name)
        guard own != nil || !below.isEmpty else { throw Self.unknown(name) }
        guard recursive || below.isEmpty else {
            throw NodeError(.usage, "\"\(name)\" is a folder with \(below.count) objects; use -r to remove them all")
        }
        let entries = (own.map { [$0] } ?? []) + below
        let writes = entries.map { NamespaceService.Write(name: $0.name, content: .removed) }
        let leaseEnd = parts.mesh.read { $0.mesh.meshNow(Clock.now()) } + Publication.leaseDefault
        let batch = objects.segments.journal.begin()
        try await objects.names.write(writes, owner: owner, leaseEnd: leaseEnd, batch: batch)
        let after = try await objects.names.snapshot(of: owner)
        try await objects.removal.remove(unneeded: before.use, after: after.use, of: batch, owner: owner)
        await objects.repacking.repack(owner)
        return RemoveResult(objects: entries.count, bytes: Int(clampingSumOf: entries.map(\.size)))
    }

    // MARK: - Names

    private func entry(_ name: ObjectName, of owner: OwnerIdentity) async throws -> NamespaceEntry {
        guard let entry = try await objects.names.snapshot(of: owner).view.lookup(name) else {
            throw Self.unknown(name)
        }
        return entry
    }

    static func name(_ text: String) throws -> ObjectName {
        do { return try ObjectName(text.hasSuffix("/") ? String(text.dropLast()) : text) } catch {
            throw NodeError(.usage, "\"\(text)\" is no name: \(error.message)")
        }
    }

    static func unknown(_ name: ObjectName) -> NodeError {
        NodeError(.notFound, "nothing is stored under \"\(name)\"; 'holdfast ls' shows what is")
    }
}

extension ObjectKind {
    /// `nil` for what a newer version wrote.
    init?(_ content: NamespaceEntry.Content) {
        switch content {
        case .inline, .object: self = .file
        case .symlink: self = .symlink
        case .folder: self = .folder
        case .removed, .unknown: return nil
        }
    }
}

/// The chunks of an object, fetched as they are asked for.
struct ObjectChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let reading: ObjectReading

    struct AsyncIterator: AsyncIteratorProtocol {
        var reading: ObjectReading

        mutating func next() async throws -> ByteBuffer? { try await reading.next() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reading: reading) }
}
