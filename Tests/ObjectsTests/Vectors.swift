import Core
import Foundation

/// Golden vectors: hexadecimal text beside the tests, rewritten only when `HOLDFAST_WRITE_VECTORS` is set.
enum Vectors {
    static func bytes(_ name: String, or made: [UInt8]) throws -> [UInt8] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/\(name).hex")
        if ProcessInfo.processInfo.environment["HOLDFAST_WRITE_VECTORS"] != nil {
            try (Multibase.base16.encodeBare(made) + "\n").write(to: url, atomically: true, encoding: .utf8)
        }
        let digits = try String(contentsOf: url, encoding: .utf8).filter { !$0.isWhitespace }
        var bytes: [UInt8] = []
        var rest = Substring(digits)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else {
                throw CoreError(.invalid, "\(name) is not hexadecimal")
            }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
