import BlockStore
import Content
import Core
import Foundation
import TestFolders
import Testing

struct ConcurrentImportTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Gateways take in the same blocks for several readers at once.
    @Test func sameBlocks_importedByManyAtOnce_areStoredOnce() throws {
        let store = try makeStore(folder)
        let blocks = (0..<400).map { Block(hashing: Array("block \($0)".utf8), codec: .raw) }
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: 16) { worker in
            do {
                for round in 0..<20 {
                    let session = try store.beginImport(.pinned, at: now)
                    for index in 0..<20 { try session.append(blocks[round * 20 + (index + worker) % 20]) }
                    try session.commit(at: now)
                }
            } catch {
                failures.add("\(error)")
            }
        }
        #expect(failures.all.isEmpty)
        #expect(store.accounting.cached == Int64(blocks.map(\.bytes.count).reduce(0, +)))
        #expect(try store.recount().isSound)
    }
}

/// What went wrong on other threads.
private final class Failures: @unchecked Sendable {
    // @unchecked: `lock` protects `texts`.
    private let lock = NSLock()
    private var texts: [String] = []

    func add(_ text: String) { lock.withLock { texts.append(text) } }

    var all: [String] { lock.withLock { texts } }
}
