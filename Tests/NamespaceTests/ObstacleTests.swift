import Namespace
import Testing

@Suite struct ObstacleTests {
    private func view() throws -> NamespaceView {
        NamespaceView(merging: [
            [
                try entry("file", 1), try entry("folder", 2, content: .folder), try entry("made/by/children", 3),
                try entry("made/by/others", 4),
            ]
        ])
    }

    @Test func newNames_besideOthers_areFree() throws {
        let view = try view()
        for name in ["new", "file2", "folder/new", "made/new", "made/by/new", "fil"] {
            #expect(try view.obstacle(to: ObjectName(name), isFolder: false) == nil)
            #expect(try view.obstacle(to: ObjectName(name), isFolder: true) == nil)
        }
    }

    @Test func replacing_likeByLike_isFree() throws {
        let view = try view()
        #expect(try view.obstacle(to: ObjectName("file"), isFolder: false) == nil)
        #expect(try view.obstacle(to: ObjectName("folder"), isFolder: true) == nil)
        #expect(try view.obstacle(to: ObjectName("made"), isFolder: true) == nil)
        // An empty folder holds nothing that an object could hide.
        #expect(try view.obstacle(to: ObjectName("folder"), isFolder: false) == nil)
    }

    @Test func object_whereAFolderWouldBe_isInTheWay() throws {
        let view = try view()
        #expect(try view.obstacle(to: ObjectName("file/below"), isFolder: false) == .object(ObjectName("file")))
        #expect(try view.obstacle(to: ObjectName("file/far/below"), isFolder: true) == .object(ObjectName("file")))
        #expect(try view.obstacle(to: ObjectName("file"), isFolder: true) == .object(ObjectName("file")))
    }

    @Test func folder_whereAnObjectWouldBe_isInTheWay() throws {
        let view = try view()
        let made = try ObjectName("made")
        #expect(view.obstacle(to: made, isFolder: false) == .folder(made, entryCount: 2))
    }
}
