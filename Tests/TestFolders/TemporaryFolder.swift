import Foundation

/// A folder of its own for one test, gone with the last reference to it.
///
/// Names of files are paths below the folder.
public final class TemporaryFolder: Sendable {
    public let path: String

    public init() throws {
        path = FileManager.default.temporaryDirectory.path + "/holdfast-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    private func url(_ name: String) -> URL { URL(filePath: path + "/" + name) }

    /// What lies in a folder below this one, sorted.
    public func names(_ folder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder).sorted()
    }

    public func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: url(name))) }

    /// Writes a whole file, making the folders on the way.
    public func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        let file = url(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    /// Reads a file, lets `body` change its bytes, and writes it.
    public func change(_ name: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = try read(name)
        body(&bytes)
        try write(name, bytes)
    }

    public func append(_ name: String, _ bytes: [UInt8]) throws {
        let handle = try FileHandle(forUpdating: url(name))
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: bytes)
    }

    /// Changes the bits of `mask` of one byte, in place.
    public func flip(_ name: String, at offset: Int, mask: UInt8 = 0xFF) throws {
        let handle = try FileHandle(forUpdating: url(name))
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(offset))
        let byte = try handle.read(upToCount: 1)?.first ?? 0
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: [byte ^ mask])
    }

    public func remove(_ name: String) throws {
        try FileManager.default.removeItem(at: url(name))
    }
}

extension TemporaryFolder {
    /// The length of a file anywhere, in bytes.
    public static func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    /// Bytes of disk that a file anywhere takes.
    public static func allocated(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
    }
}

/// Runs `body` with a folder that is gone afterwards, however it ends.
public func withTemporaryFolder<Value>(_ body: (TemporaryFolder) async throws -> Value) async throws -> Value {
    let folder = try TemporaryFolder()
    // An object may end after its last use, which is before `body` returns.
    defer { withExtendedLifetime(folder) {} }
    return try await body(folder)
}
