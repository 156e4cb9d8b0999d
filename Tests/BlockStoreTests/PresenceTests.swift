import BlockStore
import Content
import Core
import TestFolders
import Testing

/// What a session that brings a new version in learns of what is here: only whole parts may be left unlooked at.
struct PresenceTests {
    private func presence(
        of cids: [CID],
        in store: BlockStore,
        _ check: (ImportSession.Presence) throws -> Void
    ) throws {
        let session = try store.beginImport(.pinned, at: now)
        try check(session.presence(of: cids))
        session.abort()
    }

    @Test func presence_ofAPinnedDAG_isWhole() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let (here, elsewhere) = (try SampleDAG(files: [1, 2]), try SampleDAG(files: [9]))
        try store.take(here)
        let identity = CID(codec: .raw, hash: .identity([1, 2, 3]))
        try presence(of: (here.blocks + elsewhere.blocks).map(\.cid) + [identity], in: store) { presence in
            #expect(presence.present == Set(here.blocks.map(\.cid) + [identity]))
            #expect(presence.whole == Set(here.nodes.map(\.cid)))
        }
    }

    @Test func presence_ofACachedDAG_isNotWhole() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag, .cache, owner: nil)
        try presence(of: dag.blocks.map(\.cid), in: store) { presence in
            #expect(presence.present == Set(dag.blocks.map(\.cid)))
            #expect(presence.whole.isEmpty)
        }
    }

    @Test func presence_whileABlockIsWithdrawn_isNotWhole() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag)
        try folder.flip("blocks/volumes/000001.vol", at: 1_500)
        #expect(throws: BlockStoreError.self) { try store.read(dag.leaves[1].cid) }
        try presence(of: dag.blocks.map(\.cid), in: store) { presence in
            #expect(presence.present == Set(dag.blocks.map(\.cid)).subtracting([dag.leaves[1].cid]))
            #expect(presence.whole.isEmpty)
        }
        let session = try store.beginImport(.cache, at: now)
        try session.append(dag.leaves[1])
        try session.commit(at: now)
        try presence(of: [dag.root], in: store) { #expect($0.whole == [dag.root]) }
    }

    @Test func presence_ofADAGThatIsUnpinnedMeanwhile_lastsAsLongAsTheSession() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag, owner: "before")
        let session = try store.beginImport(.pinned, at: now)
        #expect(try session.presence(of: [dag.root]).whole == [dag.root])
        try store.unpin(Pin(root: dag.root, owner: "before"))
        try store.collect(at: now)
        try session.commit(pins: [Pin(root: dag.root, owner: "after")], at: now)
        try store.collect(at: now)
        try expectWhole(dag, in: store)
        #expect(try store.recount().isSound)
        try store.unpin(Pin(root: dag.root, owner: "after"))
        try store.collect(at: now)
        #expect(try store.contains(dag.blocks.map(\.cid)).isEmpty)
    }
}
