import Core
import Foundation

/// Golden vectors of all engines, read where their tests keep them.
enum SampleFiles {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// The bytes of `Tests/SUITE/Vectors/NAME.hex`.
    static func vector(_ suite: String, _ name: String) throws -> [UInt8] {
        let text = try String(contentsOf: tests.appending(path: "\(suite)/Vectors/\(name).hex"), encoding: .utf8)
        return try Multibase.base16.decodeBare(text.filter { !$0.isWhitespace })
    }

    /// The named line of a file with a name and hexadecimal digits in each.
    static func line(_ name: String, of file: String, in suite: String) throws -> [UInt8] {
        let text = try String(contentsOf: tests.appending(path: "\(suite)/Vectors/\(file).hex"), encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + " ") }) else {
            throw CoreError(.missingField, "\(suite)/Vectors/\(file).hex has no line \(name)")
        }
        return try Multibase.base16.decodeBare(line.dropFirst(name.count + 1))
    }

    /// Bytes that once ended a process or were taken for something that they are not, with the decoder's name first:
    /// `Tests/DecoderTests/Crashes/NAME-….hex`.
    static func crashes(of target: String) throws -> [[UInt8]] {
        let folder = tests.appending(path: "DecoderTests/Crashes")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return try names.filter { $0.hasPrefix(target + "-") && $0.hasSuffix(".hex") }.sorted().map { name in
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            return try Multibase.base16.decodeBare(text.filter { !$0.isWhitespace })
        }
    }
}

/// The keys with which the golden vectors are signed.
enum SampleKeys {
    static func key<Role>(_ number: UInt8, as _: Role.Type = Role.self) throws -> SigningKey<Role> {
        try SigningKey(seed: Array(repeating: number, count: 32))
    }
}
