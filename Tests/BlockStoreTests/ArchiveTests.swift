import BlockStore
import Content
import Core
import TestFolders
import Testing

struct ArchiveTests {
    private func archive(_ store: BlockStore, _ root: CID) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try store.exportCAR(root: root) { bytes += $0 }
        return bytes
    }

    private func parts(_ bytes: [UInt8], of size: Int) -> () -> [UInt8]? {
        var rest = bytes[...]
        return {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(size) }
            return Array(rest.prefix(size))
        }
    }

    @Test(arguments: [1_000_000, 777, 13])
    func car_exportedAndImported_isTheSameDAG(partBytes: Int) throws {
        let folders = try (0..<2).map { _ in try TemporaryFolder() }
        defer { withExtendedLifetime(folders) {} }
        let source = try makeStore(folders[0])
        let dag = try SampleDAG(files: [1, 2, 3])
        try source.take(dag)
        let bytes = try archive(source, dag.root)
        let target = try makeStore(folders[1])
        let report = try target.importCAR(owner: "a", at: now, next: parts(bytes, of: partBytes))
        #expect(report.roots == [dag.root])
        #expect(report.stored.newBlocks == dag.blocks.count)
        try expectWhole(dag, in: target)
        #expect(try archive(target, dag.root) == bytes)
    }

    @Test func car_withoutAnOwner_isCached() throws {
        let folders = try (0..<2).map { _ in try TemporaryFolder() }
        defer { withExtendedLifetime(folders) {} }
        let source = try makeStore(folders[0])
        let dag = try SampleDAG(files: [1])
        try source.take(dag)
        let target = try makeStore(folders[1])
        _ = try target.importCAR(owner: nil, at: now, next: parts(archive(source, dag.root), of: 500))
        #expect(target.accounting.cached == Int64(dag.bytes))
    }

    @Test func car_cutOffFlippedOrPartial_storesNothing() throws {
        let folders = try (0..<2).map { _ in try TemporaryFolder() }
        defer { withExtendedLifetime(folders) {} }
        let source = try makeStore(folders[0])
        let dag = try SampleDAG(files: [1, 2])
        try source.take(dag)
        let whole = try archive(source, dag.root)
        var flipped = whole
        flipped[whole.count / 2] ^= 1
        let headless = CARHeader(root: dag.root).encoded
        let target = try makeStore(folders[1])
        for (bytes, code) in [
            (Array(whole.dropLast(10)), BlockStoreError.Code.incomplete), (flipped, .badBlock), (headless, .incomplete),
            ([], .incomplete), ([1, 2, 3], .badBlock),
        ] {
            let error = #expect(throws: BlockStoreError.self) {
                try target.importCAR(owner: "a", at: now, next: parts(bytes, of: 999))
            }
            #expect(error?.code == code)
            #expect(target.accounting.total == 0)
            #expect(try folders[1].names("blocks/volumes").isEmpty)
        }
    }

    @Test func export_incompleteDAG_namesTheBlock() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1])
        let session = try store.beginImport(.cache, at: now)
        for block in dag.blocks.dropFirst() { try session.append(block) }
        try session.commit(at: now)
        let error = #expect(throws: BlockStoreError.self) { try archive(store, dag.root) }
        #expect(error?.code == .incomplete)
        #expect(error?.cid == dag.blocks[0].cid)
    }

    @Test(arguments: ["../escape", "..", ".", "", "a/b"])
    func folderExport_hostileName_isRefusedAndWritesNothingOutside(name: String) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let leaf = Block(hashing: [1], codec: .raw)
        let message = UnixFSData(kind: .directory)
        let node = DAGPBNode(links: [DAGPBLink(cid: leaf.cid, name: name, tsize: 1)], data: message.encoded)
        let root = Block(hashing: node.encoded, codec: .dagPB)
        let session = try store.beginImport(.cache, at: now)
        for block in [leaf, root] { try session.append(block) }
        try session.commit(at: now)
        #expect(throws: BlockStoreError.self) {
            try FolderExport(read: { try store.bytes(of: $0) }).run(root: root.cid, to: folder.path + "/out")
        }
        #expect(try folder.names() == ["blocks", "out"])
        #expect(try folder.names("out").isEmpty)
    }

    @Test func folderExport_linkAndFileOfOneName_doesNotFollowTheLink() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let leaf = Block(hashing: [1], codec: .raw)
        let link = try DirectoryBuilder.symlink(to: "../victim")
        let inner = try DirectoryBuilder.build([DirectoryEntry(name: "x", cid: leaf.cid, tsize: 1)])
        let node = DAGPBNode(
            links: [
                DAGPBLink(cid: link.cid, name: "a", tsize: 1), DAGPBLink(cid: inner.root, name: "a", tsize: 1),
            ],
            data: UnixFSData(kind: .directory).encoded
        )
        let root = Block(hashing: node.encoded, codec: .dagPB)
        let session = try store.beginImport(.cache, at: now)
        for block in [leaf, link, root] + inner.blocks { try session.append(block) }
        try session.commit(at: now)
        try folder.write("victim/kept", [9])
        #expect(throws: BlockStoreError.self) {
            try FolderExport(read: { try store.bytes(of: $0) }).run(root: root.cid, to: folder.path + "/out")
        }
        #expect(try folder.names("victim") == ["kept"])
    }
}
