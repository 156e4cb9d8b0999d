import Core
import Glibc
import RecordStore
import Testing

/// A folder that is removed with everything in it when the test ends.
final class ScratchFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/record-store-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        for name in names { _ = unlink(path + "/" + name) }
        _ = rmdir(path)
    }

    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            )
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    func open() throws -> RecordStore { try RecordStore(folder: path) }

    func read(_ name: String) throws -> [UInt8] {
        let file = try #require(fopen(path + "/" + name, "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&part, 1, part.count, file), count > 0 { bytes += part.prefix(count) }
        return bytes
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        let file = try #require(fopen(path + "/" + name, "w"))
        defer { fclose(file) }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    func change(_ name: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = try read(name)
        body(&bytes)
        try write(bytes, to: name)
    }
}

func key(_ subject: UInt8, kind: RecordKind = .node) -> RecordKey {
    RecordKey(kind: kind, subject: [UInt8](repeating: subject, count: 32))
}

func record(_ subject: UInt8, version: UInt64 = 1, bytes: [UInt8] = [1, 2, 3]) -> StoredRecord {
    StoredRecord(key: key(subject), version: version, expires: Instant(milliseconds: 1_000), bytes: bytes)
}

func digest(_ number: Int) -> Digest { Digest(hashing: Array("message \(number)".utf8)) }
