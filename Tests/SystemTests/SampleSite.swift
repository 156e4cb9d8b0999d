import Foundation
import TestFolders

/// A folder with the kinds of files that sites have.
struct SampleSite: Sendable {
    /// Bytes by path below the folder.
    var files: [String: [UInt8]]

    /// - Parameter seed: other seeds give other bytes.
    init(seed: UInt64, largeFileBytes: Int = 2_500_000) {
        files = [
            "index.html": Array("<!doctype html><title>\(seed)</title>".utf8),
            "empty.txt": [],
            "deep/er/note.txt": Array("note \(seed)".utf8),
            "ünïcode/файл 1.txt": Array("unicode \(seed)".utf8),
            "large.bin": Self.bytes(largeFileBytes, seed: seed),
        ]
    }

    func write(to folder: TemporaryFolder, _ name: String) throws -> String {
        for (path, bytes) in files { try folder.write("\(name)/\(path)", bytes) }
        return "\(folder.path)/\(name)"
    }

    /// Paths that every gateway has to answer, as they stand in a URL.
    static func url(_ path: String) -> String {
        path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
    }

    /// Bytes without pattern, the same for the same seed (xorshift64*, Vigna 2016).
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            withUnsafeBytes(of: state &* 0x2545_F491_4F6C_DD1D) { bytes.append(contentsOf: $0) }
        }
        return Array(bytes.prefix(count))
    }
}
