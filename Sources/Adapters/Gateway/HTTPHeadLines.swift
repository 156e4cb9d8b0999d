import Glibc

/// Walks the lines of one complete request head; every line is known to end in CRLF.
struct HTTPHeadLines {
    private let bytes: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int
    private var head = HTTPRequestHead()
    private var seen = Singletons()
    private var hasBody = false
    private var connectionClose = false
    private var connectionKeepAlive = false
    /// The target was in absolute form: its authority outranks the Host field (RFC 9112 section 3.2.2).
    private var isAbsolute = false

    /// Fields that may stand in a head only once.
    private struct Singletons: OptionSet {
        let rawValue: UInt8
        static let host = Singletons(rawValue: 1)
        static let contentLength = Singletons(rawValue: 2)
        static let transferEncoding = Singletons(rawValue: 4)
        static let range = Singletons(rawValue: 8)
        static let ifRange = Singletons(rawValue: 16)
    }

    init(bytes: UnsafeRawBufferPointer, position: Int, end: Int) {
        self.bytes = bytes
        self.position = position
        self.end = end
    }

    mutating func readHead() throws(HTTPRefusal) -> HTTPRequestHead {
        try readRequestLine(nextLine())
        var count = 0
        while case let line = nextLine(), !line.isEmpty {
            count += 1
            guard count <= HTTPRequestParser.fieldCountMax else {
                throw .init(.headTooLarge, "The request has over \(HTTPRequestParser.fieldCountMax) header fields.")
            }
            try readField(line)
        }
        guard seen.contains(.host) || head.minorVersion == 0 || isAbsolute else {
            throw .init(.badRequest, "An HTTP/1.1 request needs a Host field.")
        }
        guard !seen.isSuperset(of: [.contentLength, .transferEncoding]) else {
            throw .init(.badRequest, "Content-Length and Transfer-Encoding stand in one request.")
        }
        guard !hasBody else {
            throw .init(.badRequest, "A request to this gateway carries no body.")
        }
        head.keepAlive = head.minorVersion == 1 ? !connectionClose : connectionKeepAlive && !connectionClose
        return head
    }

    /// The next line without its CRLF.
    private mutating func nextLine() -> Range<Int> {
        guard position < end, let base = bytes.baseAddress, let found = memchr(base + position, 0x0A, end - position)
        else { return position..<position }
        let newline = UnsafeRawPointer(found) - base
        defer { position = newline + 1 }
        return position..<(newline - 1)
    }

    // MARK: - Request line

    private mutating func readRequestLine(_ line: Range<Int>) throws(HTTPRefusal) {
        var index = line.lowerBound
        while index < line.upperBound, HTTPCharacter.isToken(bytes[index]) { index += 1 }
        let method = line.lowerBound..<index
        guard !method.isEmpty, index < line.upperBound, bytes[index] == 0x20 else { throw Self.malformedLine }
        index += 1
        let targetStart = index
        while index < line.upperBound, bytes[index] > 0x20, bytes[index] != 0x7F, bytes[index] != 0x23 { index += 1 }
        let target = targetStart..<index
        guard !target.isEmpty, index < line.upperBound, bytes[index] == 0x20 else { throw Self.malformedLine }
        try readVersion(index + 1..<line.upperBound)
        try readMethod(method)
        guard target.count <= HTTPRequestParser.targetBytesMax else { throw HTTPRequestParser.targetTooLong }
        try readTarget(target)
    }

    private static let malformedLine = HTTPRefusal(
        .badRequest,
        "The request line is not \"METHOD target HTTP/1.1\"."
    )

    private mutating func readVersion(_ range: Range<Int>) throws(HTTPRefusal) {
        let at = range.lowerBound
        guard range.count == 8, matches(at..<at + 5, "http/"), bytes[at] == 0x48, bytes[at + 6] == 0x2E,
            isDigit(bytes[at + 5]), isDigit(bytes[at + 7])
        else { throw Self.malformedLine }
        guard bytes[at + 5] == 0x31 else {
            throw .init(.versionNotSupported, "This gateway speaks HTTP/1.1 and HTTP/1.0.")
        }
        head.minorVersion = min(bytes[at + 7] - 0x30, 1)
    }

    private mutating func readMethod(_ range: Range<Int>) throws(HTTPRefusal) {
        if equals(range, "GET") {
            head.method = .get
        } else if equals(range, "HEAD") {
            head.method = .head
        } else if equals(range, "OPTIONS") {
            head.method = .options
        } else if ["POST", "PUT", "DELETE", "PATCH", "CONNECT", "TRACE"].contains(where: { equals(range, $0) }) {
            throw .init(.methodNotAllowed, "The gateway is read-only: use GET, HEAD or OPTIONS.")
        } else {
            throw .init(.notImplemented, "The method is not known here: use GET, HEAD or OPTIONS.")
        }
    }

    private mutating func readTarget(_ range: Range<Int>) throws(HTTPRefusal) {
        if bytes[range.lowerBound] == 0x2F {
            head.target = range
        } else if range.count == 1, bytes[range.lowerBound] == 0x2A, head.method == .options {
            head.target = range
        } else if range.count > 7, matches(range.lowerBound..<range.lowerBound + 7, "http://") {
            let authority = range.lowerBound + 7
            var slash = authority
            while slash < range.upperBound, bytes[slash] != 0x2F, bytes[slash] != 0x3F { slash += 1 }
            guard slash > authority else { throw Self.malformedTarget }
            try setHost(authority..<slash)
            guard slash == range.upperBound || bytes[slash] == 0x2F else { throw Self.malformedTarget }
            head.target = slash..<range.upperBound
            isAbsolute = true
        } else {
            throw Self.malformedTarget
        }
    }

    private static let malformedTarget = HTTPRefusal(.badRequest, "The request target does not begin with \"/\".")

    // MARK: - Fields

    private mutating func readField(_ line: Range<Int>) throws(HTTPRefusal) {
        var colon = line.lowerBound
        while colon < line.upperBound, HTTPCharacter.isToken(bytes[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == 0x3A else {
            throw .init(.badRequest, "A header field is not \"Name: value\".")
        }
        var first = colon + 1
        var last = line.upperBound
        while first < last, isBlank(bytes[first]) { first += 1 }
        while last > first, isBlank(bytes[last - 1]) { last -= 1 }
        for index in first..<last {
            let byte = bytes[index]
            guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else {
                throw .init(.badRequest, "A header field holds a control character.")
            }
        }
        try take(name: line.lowerBound..<colon, value: first..<last)
    }

    private mutating func take(name: Range<Int>, value: Range<Int>) throws(HTTPRefusal) {
        switch name.count {
        case 4 where matches(name, "host"):
            try once(.host)
            if !isAbsolute { try setHost(value) }
        case 5 where matches(name, "range"):
            try once(.range)
            head.range = value
        case 6 where matches(name, "accept"):
            if head.accept.isEmpty { head.accept = value }
        case 6 where matches(name, "expect"):
            guard matches(value, "100-continue") else {
                throw .init(.expectationFailed, "The only expectation known here is 100-continue.")
            }
        case 8 where matches(name, "if-range"):
            try once(.ifRange)
            head.ifRange = value
        case 10 where matches(name, "connection"):
            connectionClose = connectionClose || hasToken("close", in: value)
            connectionKeepAlive = connectionKeepAlive || hasToken("keep-alive", in: value)
        case 13 where matches(name, "if-none-match"):
            if head.ifNoneMatch.isEmpty { head.ifNoneMatch = value }
        case 13 where matches(name, "cache-control"):
            head.onlyIfCached = head.onlyIfCached || hasToken("only-if-cached", in: value)
        case 14 where matches(name, "content-length"):
            try once(.contentLength)
            guard !value.isEmpty, value.count <= 19, value.allSatisfy({ isDigit(bytes[$0]) }) else {
                throw .init(.badRequest, "Content-Length is not a number.")
            }
            hasBody = hasBody || !value.allSatisfy { bytes[$0] == 0x30 }
        case 14 where matches(name, "service-worker"):
            head.serviceWorkerScript = matches(value, "script")
        case 16 where matches(name, "x-forwarded-host"):
            head.forwardedHost = value
        case 17 where matches(name, "transfer-encoding"):
            try once(.transferEncoding)
            hasBody = true
        case 17 where matches(name, "x-forwarded-proto"):
            head.forwardedProto = value
        default:
            break
        }
    }

    private mutating func once(_ field: Singletons) throws(HTTPRefusal) {
        guard seen.insert(field).inserted else {
            throw .init(.badRequest, "A header field that may stand once stands twice.")
        }
    }

    private mutating func setHost(_ range: Range<Int>) throws(HTTPRefusal) {
        for index in range {
            switch bytes[index] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x3A, 0x5B, 0x5D, 0x5F, 0x7E, 0x25: continue
            default: throw .init(.badRequest, "The Host field holds a character that no host name has.")
            }
        }
        head.host = range
    }

    // MARK: - Comparing bytes

    /// Whether a comma-separated list holds `token` (lower case), in any case of letters.
    private func hasToken(_ token: StaticString, in list: Range<Int>) -> Bool {
        var start = list.lowerBound
        while start < list.upperBound {
            var stop = start
            while stop < list.upperBound, bytes[stop] != 0x2C { stop += 1 }
            var last = stop
            while start < last, isBlank(bytes[start]) { start += 1 }
            while last > start, isBlank(bytes[last - 1]) { last -= 1 }
            if matches(start..<last, token) { return true }
            start = stop + 1
        }
        return false
    }

    /// Whether `range` spells `text` (lower case), in any case of letters.
    @inline(__always)
    private func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        var expected = text.utf8Start
        for index in range {
            let byte = bytes[index]
            let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            guard lower == expected.pointee else { return false }
            expected += 1
        }
        return true
    }

    /// Whether `range` spells `text` exactly.
    private func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount, let base = bytes.baseAddress else { return false }
        return memcmp(base + range.lowerBound, text.utf8Start, range.count) == 0
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
