import Glibc

/// Reads request heads out of a stream of bytes, strictly: what two parsers could read differently is refused.
///
/// A value without I/O: it is shown all unread bytes each time and remembers only how far it has looked, so a head that
/// arrives byte by byte is scanned once. Source: RFC 9112 (message syntax), RFC 9110 section 5 (fields).
package struct HTTPRequestParser {
    /// Longest head, request line and empty line included, in bytes.
    package static let headBytesMax = 16 * 1_024
    /// Longest request target, in bytes.
    package static let targetBytesMax = 8 * 1_024
    /// Most header fields in one head.
    package static let fieldCountMax = 64
    /// Most empty lines that are skipped in front of a request line (RFC 9112 section 2.2).
    package static let leadingEmptyLinesMax = 2

    /// What the bytes were.
    package enum Outcome: Equatable, Sendable {
        /// The head has not ended yet: show more bytes.
        case incomplete
        /// A head, and the number of bytes it took.
        case head(HTTPRequestHead, length: Int)
        /// Not acceptable; nothing after it on this connection may be read.
        case refused(HTTPRefusal)
    }

    /// Where the request line begins: behind skipped empty lines.
    private var start = 0
    /// Where the first line begins that has not been seen whole; in front of it no head ends.
    private var scanned = 0

    package init() {}

    /// Reads one head from the front of `bytes`.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        let end: Int
        switch findEnd(in: bytes) {
        case .success(nil): return .incomplete
        case .success(let found?): end = found
        case .failure(let refusal): return .refused(refusal)
        }
        var lines = HTTPHeadLines(bytes: bytes, position: start, end: end)
        self = HTTPRequestParser()
        do throws(HTTPRefusal) {
            return .head(try lines.readHead(), length: end)
        } catch {
            return .refused(error)
        }
    }

    /// The position behind the empty line that ends the head, `nil` while it is not there.
    private mutating func findEnd(in bytes: UnsafeRawBufferPointer) -> Result<Int?, HTTPRefusal> {
        guard let base = bytes.baseAddress else { return .success(nil) }
        while scanned < bytes.count, let found = memchr(base + scanned, 0x0A, bytes.count - scanned) {
            let newline = UnsafeRawPointer(found) - base
            guard newline > 0, bytes[newline - 1] == 0x0D else {
                return .failure(.init(.badRequest, "A line of the request ends without a carriage return."))
            }
            let lineStart = scanned
            scanned = newline + 1
            guard newline - 1 == lineStart else { continue }
            guard lineStart == start else {
                return newline < Self.headBytesMax ? .success(newline + 1) : .failure(Self.headTooLarge)
            }
            start = newline + 1
            guard start <= 2 * Self.leadingEmptyLinesMax else {
                return .failure(.init(.badRequest, "Too many empty lines stand in front of the request."))
            }
        }
        return checkIncomplete(bytes)
    }

    /// Refuses early what cannot become a request any more.
    private func checkIncomplete(_ bytes: UnsafeRawBufferPointer) -> Result<Int?, HTTPRefusal> {
        if start < bytes.count, bytes[start] != 0x0D, !HTTPCharacter.isToken(bytes[start]) {
            return .failure(.init(.badRequest, "This port speaks HTTP/1.1 without TLS; the bytes are something else."))
        }
        let isInRequestLine = scanned <= start
        if isInRequestLine, bytes.count - start > Self.targetBytesMax + 32 { return .failure(Self.targetTooLong) }
        guard bytes.count < Self.headBytesMax else { return .failure(Self.headTooLarge) }
        return .success(nil)
    }

    static let headTooLarge = HTTPRefusal(.headTooLarge, "The request head is over \(headBytesMax) bytes.")
    static let targetTooLong = HTTPRefusal(.targetTooLong, "The request target is over \(targetBytesMax) bytes.")
}

/// Which bytes may stand where (RFC 9110 section 5.6.2).
enum HTTPCharacter {
    /// `tchar` as two bitmaps over ASCII.
    private static let tokenLow: UInt64 = bitmap("!#$%&'*+-.0123456789", from: 0)
    private static let tokenHigh: UInt64 = bitmap("ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~", from: 64)

    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        guard byte < 0x80 else { return false }
        let map = byte < 64 ? tokenLow : tokenHigh
        return map >> UInt64(byte & 63) & 1 == 1
    }

    private static func bitmap(_ characters: String, from first: UInt8) -> UInt64 {
        characters.utf8.reduce(0) { $0 | 1 << UInt64($1 - first) }
    }
}
