import Control
import Synchronization

/// The private file in the mesh: read back after each kill, its pieces counted, all through its owner's node.
final class StoredFile: Sendable {
    /// Longest wait for a count of pieces.
    private static let countTimeMax = Duration.seconds(10)
    private static let countInterval = Duration.milliseconds(500)

    /// The pieces as the owner's node found them.
    struct Sample: Sendable {
        let pieces: PieceCount
        /// When counting began.
        let began: ContinuousClock.Instant
        /// Whether the owner's node had noticed every death.
        let knowsDeaths: Bool
    }

    private struct State {
        var latest: Sample?
        var fewest: Int?
    }

    let stored: FileReport.Stored
    let reader: FileReader
    private let mesh: DemoMesh
    private let seat: DemoMesh.Seat
    private let state = Mutex(State())

    private init(stored: FileReport.Stored, mesh: DemoMesh, seat: DemoMesh.Seat) {
        self.stored = stored
        self.mesh = mesh
        self.seat = seat
        // The whole file by way of the owner's node, which fetches it piece by piece: nothing caches pieces.
        reader = FileReader(file: stored.file) { take in
            try await mesh.ask(seat) { try await take($0.content(of: PrivateFile.objectName)) }
        }
    }

    /// Stores the file through `seat`, whose node becomes the owner's.
    static func put(_ file: PrivateFile, on mesh: DemoMesh, seat: DemoMesh.Seat) async throws -> (StoredFile, PutResult)
    {
        let clock = ContinuousClock()
        let began = clock.now
        let path = PutRequest.Path(path: file.path, name: PrivateFile.objectName)
        let result = try await mesh.ask(seat) { try await $0.put(PutRequest(paths: [path])) { _ in } }
        let stored = FileReport.Stored(
            file: file,
            throughNode: seat.member.title,
            code: result.code,
            duration: clock.now - began
        )
        return (StoredFile(stored: stored, mesh: mesh, seat: seat), result)
    }

    /// Counts the pieces again and again until the task is cancelled; not while the file is read, since looking for all
    /// holders makes the node forget those that it reads from.
    func watch() async {
        let clock = ContinuousClock()
        while !Task.isCancelled {
            if !reader.isReading {
                let began = clock.now
                let knowsDeaths = await knowsDeaths()
                if let pieces = await pieces() {
                    state.withLock { state in
                        state.latest = Sample(pieces: pieces, began: began, knowsDeaths: knowsDeaths)
                        state.fewest = min(state.fewest ?? pieces.live, pieces.live)
                    }
                }
            }
            try? await clock.sleep(for: Self.countInterval)
        }
    }

    /// The last count; `nil` before the first.
    var sample: Sample? { state.withLock { $0.latest } }

    /// What is to be reported.
    ///
    /// - Parameter back: from the last kill until all pieces that there is room for were there.
    func report(back: Duration?) -> FileReport {
        let (latest, fewest) = state.withLock { ($0.latest, $0.fewest) }
        return FileReport(
            stored: stored,
            readBacks: reader.results,
            pieces: latest?.pieces,
            least: fewest,
            back: back
        )
    }

    /// - Returns: `nil` when the owner's node does not answer.
    private func pieces() async -> PieceCount? {
        let (mesh, seat) = (mesh, seat)
        return try? await withTimeMax(Self.countTimeMax) {
            PieceCount(try await mesh.ask(seat) { try await $0.stat(PrivateFile.objectName) })
        }
    }

    private func knowsDeaths() async -> Bool {
        let survivors = mesh.survivors.count
        let status = try? await mesh.ask(seat) { try await $0.status() }
        return status?.members.alive == survivors
    }
}
