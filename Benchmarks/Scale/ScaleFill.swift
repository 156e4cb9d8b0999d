import BlockStore
import Content
import Core
import Mesh
import NIOPosix
import Node
import Objects
import Owners
import PieceStore

/// Fills the data folder of a node that does not run with many small pieces and blocks, all valid and signed.
///
///     scale-fill FOLDER PIECES BLOCKS [HOLDERS]
///
/// Every piece is of a segment of its own, which HOLDERS nodes (12 unless told) stated to hold; this node is the first.
@main
struct ScaleFill {
    /// Pieces that are written at the same time, so that they share their syncs.
    static let writers = 64
    static let statementsAtOnce = 4_000
    static let blocksPerImport = 100_000
    static let blockBytes = 256

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let pieces = Int(arguments[2]), let blocks = Int(arguments[3]),
            let holders = Int(arguments.count > 4 ? arguments[4] : "12"), holders >= 3
        else { return print("usage: scale-fill FOLDER PIECES BLOCKS [HOLDERS]") }
        let folder = try DataFolder(path: arguments[1])
        let lock = try folder.lock()
        defer { withExtendedLifetime(lock) {} }
        try fillBlocks(folder, blocks)
        try await fillPieces(folder, pieces, holders: holders)
    }

    // MARK: - Pieces

    private static func fillPieces(_ folder: DataFolder, _ count: Int, holders: Int) async throws {
        let samples = try SamplePieces(folder, holders: holders)
        let store = try PieceStore(
            PieceStoreConfiguration(folder: folder.pieces, pieceBytesMax: .max / 2, ownerBytesMax: .max / 2)
        )
        let pool = NIOThreadPool(numberOfThreads: writers)
        pool.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    try await pool.runIfActive {
                        var statements: [StoredStatement] = []
                        for number in stride(from: writer, to: count, by: writers) {
                            statements += try samples.write(number, to: store)
                            guard statements.count >= statementsAtOnce else { continue }
                            try store.putStatements(statements)
                            statements = []
                        }
                        try store.putStatements(statements)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await pool.shutdownGracefully()
        print("\(store.accounting.sound.count) pieces, \(store.accounting.diskBytes >> 20) MiB")
    }

    // MARK: - Blocks

    private static func fillBlocks(_ folder: DataFolder, _ count: Int) throws {
        guard count > 0 else { return }
        let store = try BlockStore(
            BlockStoreConfiguration(folder: folder.blocks, storageBytesMax: .max / 4, cacheBytesMax: .max / 4)
        )
        for start in stride(from: 0, to: count, by: blocksPerImport) {
            let session = try store.beginImport(
                .staged(until: SamplePieces.now + .seconds(86_400)),
                at: SamplePieces.now
            )
            for number in start..<min(start + blocksPerImport, count) {
                var rng = SplitMix64(seed: UInt64(number))
                let bytes = (0..<blockBytes).map { _ in UInt8(truncatingIfNeeded: rng.next()) }
                try session.append(Block(hashing: bytes, codec: .raw))
            }
            _ = try session.commit(at: SamplePieces.now)
        }
        print("\(count) blocks")
    }
}
