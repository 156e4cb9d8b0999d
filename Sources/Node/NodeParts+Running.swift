import Control
import Core
import Logging

/// What a node does before its services run, and what tests run without them.
extension NodeParts {
    /// What this node knew of its mesh when it stopped.
    package func remember() throws {
        let records = try base.records.records().map { (key: $0.key, version: $0.version, bytes: $0.bytes) }
        mesh.remember(records)
        let reconciliation = PinReconciliation(
            store: base.store,
            mesh: mesh,
            held: HeldSites(records: base.records),
            keys: keys
        )
        try reconciliation.run(now: Clock.now())
        mesh.start(admission: network.admission)
    }

    /// Keeps which mesh this node belongs to.
    package func saveMesh() throws { try base.founding.save(in: base.folder) }

    /// What commands ask of this node; what they store waits for ``storeSegments()``.
    package func control(logger: Logger) -> any NodeControl & ObjectControl {
        NodeController(parts: self, logger: logger)
    }

    /// Codes and brings away what commands store, until the task is cancelled.
    package func storeSegments() async { await objects.segments.storing.run() }

    /// Removes what commands left that did not end, as will happen when it has aged, and frees what nobody needs.
    package func tidy() async throws {
        await objects.orphans.sweep(now: Clock.now() + OrphanRemoval.keptFor * 2)
        let pieces = base.pieces
        while try await base.work.run({ try pieces.collect(now: Clock.now()).hasMore }) {}
    }

    /// Bytes that pieces take on the disk.
    package var pieceBytes: Int64 { base.pieces.accounting.diskBytes }

    /// Gives back threads and connections.
    package func close() async {
        network.server.beginShutdown()
        await network.client.shutdown()
        try? await base.work.pool.shutdownGracefully()
    }
}
