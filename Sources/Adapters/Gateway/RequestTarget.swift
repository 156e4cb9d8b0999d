/// A request target as decoded path segments and query parameters.
package struct RequestTarget: Equatable, Sendable {
    /// Most query parameters that are read; more are refused.
    package static let parametersMax = 32
    /// Most path segments.
    package static let segmentsMax = 256

    /// The path as it was sent, from its first `/` on, with bytes outside ASCII percent-encoded.
    package var rawPath: String
    /// The query as it was sent, without `?`; `nil` when there was none.
    package var rawQuery: String?
    /// Decoded, without empty ones.
    package var segments: [String]
    package var endsInSlash: Bool
    package var parameters: [(name: String, value: String)]

    /// - Throws: ``HTTPRefusal`` for a broken percent-encoding, text that is not UTF-8, NUL, or a `.` or `..` segment.
    package init(_ bytes: [UInt8]) throws(HTTPRefusal) {
        let parts = bytes.split(separator: 0x3F, maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.first.map(Array.init) ?? []
        rawPath = Self.printable(path.isEmpty ? [0x2F] : path)
        rawQuery = parts.count > 1 ? Self.printable(Array(parts[1])) : nil
        endsInSlash = path.last == 0x2F
        segments = []
        for segment in path.split(separator: 0x2F) {
            let text = try Self.decode(Array(segment), plusIsSpace: false)
            guard text != ".", text != ".." else {
                throw HTTPRefusal(.badRequest, "The path holds a \".\" or \"..\" segment; send the path without it.")
            }
            segments.append(text)
        }
        guard segments.count <= Self.segmentsMax else {
            throw HTTPRefusal(.targetTooLong, "The path has \(segments.count) segments, at most \(Self.segmentsMax).")
        }
        parameters = []
        for pair in parts.count > 1 ? parts[1].split(separator: 0x26) : [] {
            guard parameters.count < Self.parametersMax else {
                throw HTTPRefusal(.badRequest, "The query has over \(Self.parametersMax) parameters.")
            }
            let halves = pair.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decode(Array(halves[0]), plusIsSpace: true)
            let value = halves.count > 1 ? try Self.decode(Array(halves[1]), plusIsSpace: true) : ""
            parameters.append((name, value))
        }
    }

    /// The first value of a query parameter.
    package func parameter(_ name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.rawPath == rhs.rawPath && lhs.rawQuery == rhs.rawQuery && lhs.segments == rhs.segments
            && lhs.endsInSlash == rhs.endsInSlash
    }

    private static func decode(_ bytes: [UInt8], plusIsSpace: Bool) throws(HTTPRefusal) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == 0x25 {
                guard index + 1 < bytes.count, let high = hexValue(bytes[index]), let low = hexValue(bytes[index + 1])
                else { throw HTTPRefusal(.badRequest, "The target holds a \"%\" without two hexadecimal digits.") }
                decoded.append(high << 4 | low)
                index += 2
            } else {
                decoded.append(plusIsSpace && byte == 0x2B ? 0x20 : byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw HTTPRefusal(.badRequest, "The target is not UTF-8 after percent-decoding.")
        }
        guard !decoded.contains(0) else { throw HTTPRefusal(.badRequest, "The target holds a NUL byte.") }
        return text
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    /// The bytes as ASCII: safe inside a header field of an answer.
    private static func printable(_ bytes: [UInt8]) -> String {
        PercentEncoding.encode(bytes) { $0 > 0x20 && $0 < 0x7F }
    }
}

/// Percent-encoding (RFC 3986 section 2.1).
enum PercentEncoding {
    /// `bytes` as text, with those that `isKept` refuses as `%XX`.
    static func encode(_ bytes: some Sequence<UInt8>, keeping isKept: (UInt8) -> Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            if isKept(byte) {
                text.append(byte)
            } else {
                text += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Encodes everything but unreserved characters, for one path segment or a parameter value.
    static func encodeSegment(_ text: String) -> String {
        encode(text.utf8) { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
            default: false
            }
        }
    }
}
