import RecordStore
import TestFolders
import Testing

@Suite struct SettingTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func setting_setReplacedAndRemoved_isRemembered() throws {
        let store = try folder.open()
        #expect(try store.setting("identity") == nil)
        try store.set("identity", to: [1])
        try store.set("identity", to: [2, 3])
        try store.set("empty", to: [])
        #expect(try folder.open().setting("identity") == [2, 3])
        #expect(try folder.open().setting("empty") == [])
        try store.set("identity", to: nil)
        #expect(try folder.open().setting("identity") == nil)
    }

    @Test func settings_byPrefix_areThoseThatBeginWithItInOrder() throws {
        let store = try folder.open()
        for name in [
            "invitation/b", "invitation/a", "invitation/", "invitation", "invitation0", "Invitation/a", "ü/%_",
        ] {
            try store.set(name, to: Array(name.utf8))
        }
        let found = try store.settings(prefix: "invitation/")
        #expect(found.map(\.name) == ["invitation/", "invitation/a", "invitation/b"])
        #expect(found.map(\.value) == found.map { Array($0.name.utf8) })
        #expect(try store.settings(prefix: "ü/%").map(\.name) == ["ü/%_"])
        #expect(try store.settings(prefix: "%").isEmpty)
        #expect(try store.settings(prefix: "").count == 7)
    }

    @Test func settings_ofWhichOneIsTooLarge_stayAsTheyWere() throws {
        let store = try folder.open()
        try store.set([(name: "a", value: [1]), (name: "b", value: [2])])
        try store.set([(name: "a", value: nil), (name: "c", value: [3])])
        #expect(try folder.open().settings(prefix: "").map(\.name) == ["b", "c"])
        let long = String(repeating: "n", count: RecordStore.settingNameBytesMax + 1)
        #expect(throws: RecordStoreError.self) { try store.set([(name: "b", value: nil), (name: long, value: [1])]) }
        #expect(try store.settings(prefix: "").map(\.name) == ["b", "c"])
    }

    @Test func setting_atLimit_isStoredAndAboveRefused() throws {
        let store = try folder.open()
        let name = String(repeating: "n", count: RecordStore.settingNameBytesMax)
        let value = [UInt8](repeating: 1, count: RecordStore.settingValueBytesMax)
        try store.set(name, to: value)
        #expect(try store.setting(name) == value)
        #expect(throws: RecordStoreError.self) { try store.set(name + "n", to: [1]) }
        let error = #expect(throws: RecordStoreError.self) { try store.set(name, to: value + [1]) }
        #expect(error?.code == .full)
        #expect(try store.setting(name) == value)
    }
}
