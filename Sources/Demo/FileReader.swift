import Control
import Core
import NIOCore
import Synchronization

/// Reads the private file back, whole and one time after the other, while readers of the site go on.
package final class FileReader: Sendable {
    /// What came of one file, as far as it went.
    package struct Taken: Sendable {
        package let size: Int
        package let digest: Digest
    }

    /// Asks a node for the file and hands over what it sends.
    package typealias Source =
        @Sendable (
            _ take: @Sendable (ObjectContentStream) async throws -> Taken
        ) async throws -> Taken

    private struct State {
        var results: [FileReadBack] = []
        /// How many of the results were told.
        var told = 0
        var ordered = 0
    }

    private let file: PrivateFile
    private let timeMax: Duration
    private let source: Source
    private let orders: AsyncStream<String>
    private let order: AsyncStream<String>.Continuation
    private let state = Mutex(State())

    /// - Parameter timeMax: how long the whole file may take; the file's own time unless given.
    package init(file: PrivateFile, timeMax: Duration? = nil, source: @escaping Source) {
        self.file = file
        self.timeMax = timeMax ?? file.timeMax
        self.source = source
        (orders, order) = AsyncStream.makeStream(of: String.self)
    }

    /// Reads whenever it is told to, until ``stop()``.
    package func run() async {
        for await after in orders {
            let result = await readBack(after: after)
            guard !Task.isCancelled else { return }
            state.withLock { $0.results.append(result) }
        }
    }

    /// Asks for one more reading.
    ///
    /// - Parameter event: what happened just before.
    package func read(after event: String) {
        state.withLock { $0.ordered += 1 }
        order.yield(event)
    }

    /// Lets ``run()`` end after the readings that were asked for.
    package func stop() { order.finish() }

    /// Whether a reading is under way.
    package var isReading: Bool { state.withLock { $0.results.count < $0.ordered } }

    package var results: [FileReadBack] { state.withLock { $0.results } }

    /// The readings that ended since the last call.
    package func takeNews() -> [FileReadBack] {
        state.withLock { state in
            defer { state.told = state.results.count }
            return Array(state.results[state.told...])
        }
    }

    private func readBack(after event: String) async -> FileReadBack {
        let clock = ContinuousClock()
        let began = clock.now
        let (file, source) = (file, source)
        var failure: String?
        do {
            let taken = try await withTimeMax(timeMax) {
                try await source { try await Self.take($0, of: file) }
            }
            if taken.size != file.size {
                failure = "\(taken.size) bytes instead of \(file.size)"
            } else if taken.digest != file.digest {
                failure = "wrong bytes"
            }
        } catch let error as ControlError {
            failure = error.message
        } catch {
            failure = "\(error)"
        }
        return FileReadBack(
            after: event,
            seconds: (clock.now - began) / .seconds(1),
            bytesVerified: failure == nil ? file.size : 0,
            failure: failure
        )
    }

    private static func take(_ content: ObjectContentStream, of file: PrivateFile) async throws -> Taken {
        var hasher = Hasher256()
        var count = 0
        for try await chunk in content.chunks {
            chunk.withUnsafeReadableBytes { hasher.update($0) }
            count += chunk.readableBytes
            guard count <= file.size else {
                throw ControlError(.failed, "more than the \(file.size) bytes of the file")
            }
        }
        return Taken(size: count, digest: hasher.finalize())
    }
}
