/// What a `Range` field asks for, given the length of what it asks of (RFC 9110 section 14).
package enum ByteRangeRequest: Equatable, Sendable {
    /// No usable range: answer 200 with everything. Several ranges at once are answered so, too.
    case whole
    /// Answer 206 with these bytes, both ends included.
    case part(ClosedRange<UInt64>)
    /// Answer 416.
    case unsatisfiable

    package init(_ field: String?, length: UInt64) {
        self = field.map { Self.parse($0, length: length) } ?? .whole
    }

    private static func parse(_ field: String, length: UInt64) -> ByteRangeRequest {
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, trim(parts[0]).lowercased() == "bytes" else { return .whole }
        let spec = trim(parts[1])
        guard !spec.contains(","), let dash = spec.firstIndex(of: "-") else { return .whole }
        let (first, last) = (trim(spec[..<dash]), trim(spec[spec.index(after: dash)...]))
        if first.isEmpty {
            guard let suffix = number(last) else { return .whole }
            guard suffix > 0, length > 0 else { return .unsatisfiable }
            return .part(length - min(suffix, length)...length - 1)
        }
        guard let start = number(first) else { return .whole }
        guard let stop = last.isEmpty ? .max : number(last), start <= stop else { return .whole }
        guard start < length else { return .unsatisfiable }
        return .part(start...min(stop, length - 1))
    }

    /// Digits only; a number past 64 bits counts as the largest.
    private static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return UInt64(text) ?? .max
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
