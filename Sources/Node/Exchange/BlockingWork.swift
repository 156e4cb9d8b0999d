import NIOPosix

/// Runs what waits for a disk off the threads that tasks run on.
package struct BlockingWork: Sendable {
    /// Threads for disk work of peers, copies and commands.
    static let threads = 2

    let pool: NIOThreadPool

    package init(pool: NIOThreadPool) {
        self.pool = pool
    }

    /// With threads of its own.
    init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await pool.runIfActive(body)
    }
}
