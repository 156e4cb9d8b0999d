/// The `Content-Disposition` field (RFC 6266), safe for any file name.
package enum ContentDisposition {
    /// Longest file name that is passed on, in bytes.
    package static let nameBytesMax = 255

    /// `inline` or `attachment` with a file name; a name outside ASCII gets an ASCII copy and its UTF-8 form.
    package static func field(name: String, isAttachment: Bool) -> String {
        let kind = isAttachment ? "attachment" : "inline"
        let name = String(decoding: name.utf8.prefix(nameBytesMax), as: UTF8.self)
        let ascii = String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    let isPlain = scalar.value >= 0x20 && scalar.value < 0x7F
                    return isPlain && scalar != "\"" && scalar != "\\" ? scalar : "_"
                }
            )
        )
        guard ascii != name else { return "\(kind); filename=\"\(ascii)\"" }
        return "\(kind); filename=\"\(ascii)\"; filename*=UTF-8''\(PercentEncoding.encodeSegment(name))"
    }
}
