import NIOPosix

/// Runs what waits for the disk off the event loops and off Swift's task threads.
struct DiskReader: Sendable {
    private let pool: NIOThreadPool

    init(pool: NIOThreadPool) {
        self.pool = pool
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await pool.runIfActive(body)
    }
}
