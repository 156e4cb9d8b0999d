/// Reads the text forms of IP addresses: dotted decimal, and RFC 4291 section 2.2 for IPv6.
enum IPAddressText {
    /// Longest text that is looked at, in bytes: an IPv6 address with an IPv4 tail and a zone.
    static let textBytesMax = 80

    /// The 4 or 16 octets of an address; `nil` when the text is none.
    static func octets(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.count <= textBytesMax else { return nil }
        let address = String(text.prefix { $0 != "%" })
        return address.utf8.contains(UInt8(ascii: ":")) ? v6(address) : v4(address)
    }

    private static func v4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var octets: [UInt8] = []
        for part in parts {
            // No sign, no leading zero: "010" is 8 to some readers and 10 to others.
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part.utf8.count == 1 || part.utf8.first != 0x30, let octet = UInt8(part)
            else { return nil }
            octets.append(octet)
        }
        return octets
    }

    private static func v6(_ text: String) -> [UInt8]? {
        guard let gap = text.firstRange(of: "::") else {
            guard let octets = groups(text, isEnd: true), octets.count == 16 else { return nil }
            return octets
        }
        guard let head = groups(text[..<gap.lowerBound], isEnd: false),
            let tail = groups(text[gap.upperBound...], isEnd: true), head.count + tail.count <= 14
        else { return nil }
        return head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The octets of colon-separated groups, of which the last of the address may be dotted decimal.
    private static func groups(_ text: some StringProtocol, isEnd: Bool) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var octets: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if isEnd, index == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                guard let tail = v4(part) else { return nil }
                octets += tail
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.first != UInt8(ascii: "+"),
                let group = UInt16(part, radix: 16)
            else { return nil }
            octets += [UInt8(group >> 8), UInt8(truncatingIfNeeded: group)]
        }
        return octets.count <= 16 ? octets : nil
    }
}
