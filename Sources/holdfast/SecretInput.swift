import Control
import Glibc
internal import NIOCore

/// Text that must not be an argument, which every user of the machine can see.
package enum SecretInput {
    /// Longest text, in bytes.
    static let bytesMax = 4_096

    /// Everything up to the first line end, or to the end of the input.
    ///
    /// - Throws: ``ControlError`` when it is too long or no UTF-8; `CancellationError`.
    package static func line(from descriptor: Int32 = STDIN_FILENO) async throws -> String {
        var bytes: [UInt8] = []
        for try await chunk in DescriptorContent(descriptor) {
            bytes += chunk.readableBytesView
            if chunk.readableBytesView.contains(UInt8(ascii: "\n")) { break }
            guard bytes.count <= bytesMax else { break }
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        guard line.count <= bytesMax, let text = String(validating: line, as: UTF8.self) else {
            throw ControlError(.badInput, "what was given is no line of at most \(bytesMax) bytes of text")
        }
        return words(text)
    }

    /// `text` with one space between its words and none around them.
    package static func words(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
