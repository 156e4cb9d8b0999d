import BlockStore
import Core
import Files
import NIOCore
import TestFolders
import Testing

let now = Instant(milliseconds: 1_800_000_000_000)

/// A store with volumes so small that a few leaves fill one.
func makeStore(
    _ folder: TemporaryFolder,
    storage: Int64 = 64 << 20,
    cache: Int64 = 32 << 20,
    fileSystem: any FileSystem = SystemFileSystem()
) throws -> BlockStore {
    try BlockStore(configuration(folder.path + "/blocks", storage: storage, cache: cache, fileSystem: fileSystem))
}

func configuration(
    _ path: String,
    storage: Int64 = 64 << 20,
    cache: Int64 = 32 << 20,
    fileSystem: any FileSystem = SystemFileSystem()
) -> BlockStoreConfiguration {
    var configuration = BlockStoreConfiguration(folder: path, storageBytesMax: storage, cacheBytesMax: cache)
    configuration.volumeBytesMax = 32 << 10
    configuration.sealBytesMin = 16 << 10
    configuration.fileSystem = fileSystem
    return configuration
}

extension BlockStore {
    @discardableResult
    func take(
        _ dag: SampleDAG,
        _ purpose: ImportPurpose = .pinned,
        owner: String? = "test",
        at time: Instant = now
    ) throws -> ImportSummary {
        let session = try beginImport(purpose, at: time)
        for block in dag.blocks { try session.append(block) }
        return try session.commit(pins: owner.map { [Pin(root: dag.root, owner: $0)] } ?? [], at: time)
    }

    func array(_ cid: CID, at time: Instant? = nil) throws -> [UInt8]? {
        try read(cid, at: time).map { Array(buffer: $0) }
    }
}

/// Everything of the DAG is there, byte for byte.
func expectWhole(_ dag: SampleDAG, in store: BlockStore, _ comment: Comment? = nil) throws {
    for block in dag.blocks {
        let bytes = try store.array(block.cid)
        #expect(bytes == block.bytes, comment)
    }
    let state = try store.state(ofDAG: dag.root, missingMax: 10)
    #expect(state.missing.isEmpty, comment)
}
