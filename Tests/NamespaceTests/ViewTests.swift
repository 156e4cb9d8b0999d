import Core
import Namespace
import Owners
import Testing

@Suite struct ViewTests {
    @Test func highestStamp_ofAName_winsAndRemovalsHide() throws {
        let view = NamespaceView(merging: [
            [try entry("a", 1), try entry("b", 2)],
            [try entry("a", 5, device: 2, base: 2), try entry("b", 6, device: 2, base: 2, content: .removed)],
            [],
        ])
        #expect(view.entries.map(\.name.text) == ["a"])
        #expect(try view.lookup(ObjectName("a"))?.stamp.counter == 5)
        #expect(try view.lookup(ObjectName("b")) == nil)
        #expect(view.conflicts.isEmpty)
    }

    @Test func sameCounter_ofTwoDevices_isDecidedByTheDevice() throws {
        let (first, second) = (try entry("a", 3), try entry("a", 3, device: 2))
        for order in [[[first], [second]], [[second], [first]]] {
            let view = NamespaceView(merging: order)
            #expect(view.entries == [second])
            #expect(view.conflicts == [NamespaceConflict(winner: second, loser: first)])
        }
    }

    @Test func writesThatSawTheOther_areNoConflict() throws {
        let before = try entry("a", 3)
        #expect(NamespaceView(merging: [[before], [try entry("a", 4, device: 2, base: 3)]]).conflicts.isEmpty)
        #expect(NamespaceView(merging: [[before], [try entry("a", 4, device: 2, base: 2)]]).conflicts.count == 1)
    }

    @Test func equalContents_areNoConflict_andALostRemovalIs() throws {
        let folders = [[try entry("a", 3, content: .folder)], [try entry("a", 4, device: 2, content: .folder)]]
        #expect(NamespaceView(merging: folders).conflicts.isEmpty)
        let removal = [[try entry("a", 3, content: .removed)], [try entry("a", 4, device: 2)]]
        #expect(NamespaceView(merging: removal).conflicts.count == 1)
        let lostEdit = NamespaceView(merging: [[try entry("a", 4, content: .removed)], [try entry("a", 3, device: 2)]])
        #expect(lostEdit.entries.isEmpty && lostEdit.conflicts.count == 1)
    }

    @Test func prefixes_andFolders_areListed() throws {
        let names = ["a", "a-b", "a/b", "a/c/d", "a/c/e", "a/c-1", "a0", "b/x"].sorted {
            Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
        }
        let view = NamespaceView(merging: [try names.enumerated().map { try entry($1, UInt64($0 + 1)) }])
        #expect(view.list(prefix: "").count == names.count)
        #expect(view.list(prefix: "a/").map(\.name.text) == ["a/b", "a/c-1", "a/c/d", "a/c/e"])
        #expect(view.list(prefix: "zz").isEmpty)
        let top = view.children(of: nil)
        #expect(top.map(\.component) == ["a", "a-b", "a0", "b"])
        #expect(top.map(\.hasChildren) == [true, false, false, true])
        #expect(top.map { $0.entry != nil } == [true, true, true, false])
        #expect(try view.children(of: ObjectName("a")).map(\.component) == ["b", "c", "c-1"])
        #expect(try view.children(of: ObjectName("a/c")).map(\.component) == ["d", "e"])
        #expect(try view.children(of: ObjectName("none")).isEmpty)
    }

    @Test func clock_thatSawAWrite_comesAfterIt() throws {
        var clock = NamespaceClock(device: deviceID(1))
        #expect(clock.next() == (NamespaceStamp(counter: 1, device: deviceID(1)), 0))
        clock.see(NamespaceStamp(counter: 9, device: deviceID(2)))
        #expect(clock.next() == (NamespaceStamp(counter: 10, device: deviceID(1)), 9))
        clock.see(own: 20)
        #expect(clock.next() == (NamespaceStamp(counter: 21, device: deviceID(1)), 9))
        #expect(clock.highest == 21)
    }

    @Test func segments_areJudgedByWhatIsLive() throws {
        let half = try entry("half", 1, content: .object(object(1, [(1, 0, 400_000), (1, 300_000, 200_000)])))
        let less = try entry("less", 2, content: .object(object(2, [(2, 0, 499_999)])))
        let twice = try entry("twice", 3, content: .object(object(2, [(2, 0, 499_999)])))
        let gone = try entry("x", 4, content: .object(object(3, [(3, 0, 1_000_000)])))
        let winner = try entry("x", 9, device: 2, base: 4, content: .removed)
        let parts = try NamespaceContents(
            parts: [PartReference(object: object(4, [(4, 0, 1_000)]), entryCount: 4, byteCount: 900, level: 0)],
            highestCounter: 9
        )
        let use = SegmentUse(NamespaceView(merging: [[half, less, twice, gone], [winner]]), roots: [parts])
        let advice = try (1...5).map { use.advice(for: try segment($0).id) }
        #expect(advice == [.keep, .repack, .remove, .repack, .remove])
        #expect(try use.share(of: segment(1).id)?.liveBytes == 500_000)
        #expect(use.shares.count == 3)
        let unseen = try entry("x", 9, device: 2, base: 3, content: .removed)
        let careful = SegmentUse(NamespaceView(merging: [[gone], [unseen]]), roots: [])
        #expect(try careful.advice(for: segment(3).id) == .keep)
    }
}
