import Core

/// Slows a long reading down: whoever is served meanwhile needs the disk and the network too.
struct Pace: Sendable {
    let bytesPerSecond: Int

    /// Waits until `bytes` may have been read.
    ///
    /// - Throws: `CancellationError`, also when there is nothing to wait for.
    func wait(_ bytes: Int, since began: ContinuousClock.Instant) async throws {
        try Task.checkCancellation()
        let due = began + .moving(UInt64(bytes), rate: UInt64(bytesPerSecond))
        guard due > .now else { return }
        try await Task.sleep(until: due, clock: .continuous)
    }
}
