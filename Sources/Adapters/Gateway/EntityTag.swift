/// Comparing entity tags (RFC 9110 section 8.8.3).
package enum EntityTag {
    /// Whether an `If-None-Match` field (`*`, or a list of tags) names `tag`, by weak comparison.
    package static func field(_ field: String, names tag: String) -> Bool {
        let opaque = strip(tag[...])
        var rest = field[...]
        while let tagStart = rest.firstIndex(where: { $0 != " " && $0 != "," && $0 != "\t" }) {
            rest = rest[tagStart...]
            if rest.first == "*" { return true }
            let body = strip(rest)
            guard body.first == "\"", let close = body.dropFirst().firstIndex(of: "\"") else { return false }
            if body[...close] == opaque { return true }
            rest = body[body.index(after: close)...]
        }
        return false
    }

    /// Whether an `If-Range` field allows a part of what `tag` names: strong comparison, dates never match.
    package static func ifRange(_ field: String, allows tag: String) -> Bool {
        !tag.hasPrefix("W/") && field == tag
    }

    private static func strip(_ tag: Substring) -> Substring {
        tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
    }
}
