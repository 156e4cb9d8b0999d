import Core
import Foundation

/// Golden vectors: hexadecimal text beside the tests, rewritten only when `HOLDFAST_WRITE_VECTORS` is set.
public enum Vectors {
    /// The bytes of `Vectors/NAME.hex` in the folder of the calling file.
    ///
    /// - Parameter made: what the file gets when vectors are rewritten.
    public static func bytes(_ name: String, or made: [UInt8], beside caller: String = #filePath) throws -> [UInt8] {
        let url = URL(filePath: caller).deletingLastPathComponent().appending(path: "Vectors/\(name).hex")
        if ProcessInfo.processInfo.environment["HOLDFAST_WRITE_VECTORS"] != nil {
            try (Multibase.base16.encodeBare(made) + "\n").write(to: url, atomically: true, encoding: .utf8)
        }
        let digits = try String(contentsOf: url, encoding: .utf8).filter { !$0.isWhitespace }
        return try Multibase.base16.decodeBare(digits)
    }
}
