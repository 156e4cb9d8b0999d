import Core

/// The page that shows what is in a directory without an `index.html`.
///
/// It runs no script and loads nothing; every name is escaped for where it stands.
package struct DirectoryListing: Sendable {
    /// Raised when the page's look changes, so that caches take the new one.
    package static let revision = 1
    /// Most entries that are shown.
    package static let entriesMax = 10_000
    /// Nothing may run or be loaded; the one style sheet is inside.
    package static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    package struct Entry: Sendable {
        package var name: String
        /// Size of everything below, as the link states it, in bytes.
        package var size: UInt64
        package var cid: CID

        package init(name: String, size: UInt64, cid: CID) {
            self.name = name
            self.size = size
            self.cid = cid
        }
    }

    package var path: String
    package var cid: CID
    package var hasParent: Bool
    package var entries: [Entry]
    /// There were more than ``entriesMax``.
    package var isCut: Bool

    package init(path: String, cid: CID, hasParent: Bool, entries: [Entry], isCut: Bool) {
        self.path = path
        self.cid = cid
        self.hasParent = hasParent
        self.entries = entries
        self.isCut = isCut
    }

    package static func etag(of cid: CID) -> String { "\"DirIndex-\(revision)_CID-\(cid)\"" }

    package var html: String {
        let title = Self.escape(path)
        var page = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>\(title)</title>
            <style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
            color:#222;background:#fff}
            h1{font-size:1.1rem;word-break:break-all}
            table{border-collapse:collapse;width:100%}
            td{padding:.2rem .5rem;border-top:1px solid #ddd;word-break:break-all}
            td+td{text-align:right;white-space:nowrap;color:#666}
            a{color:#0550ae;text-decoration:none}a:hover{text-decoration:underline}
            p{color:#666;font-size:.85rem;word-break:break-all}
            @media(prefers-color-scheme:dark){body{color:#ddd;background:#111}td{border-color:#333}a{color:#79b8ff}}
            </style>
            </head>
            <body>
            <h1>\(title)</h1>
            <table>

            """
        if hasParent { page += "<tr><td><a href=\"../\">..</a></td><td></td></tr>\n" }
        for entry in entries {
            let link = "./" + PercentEncoding.encodeSegment(entry.name)
            page += "<tr><td><a href=\"\(link)\">\(Self.escape(entry.name))</a></td>"
            page += "<td>\(Self.size(entry.size))</td></tr>\n"
        }
        page += "</table>\n"
        if isCut { page += "<p>Only the first \(Self.entriesMax) entries are shown.</p>\n" }
        return page + "<p>\(entries.count) entries · \(cid)</p>\n</body>\n</html>\n"
    }

    /// `bytes` with a binary unit and at most one decimal.
    package static func size(_ bytes: UInt64) -> String {
        guard bytes >= 1_024 else { return "\(bytes) B" }
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var unit = 0
        var tenths = bytes / 1_024 * 10 + bytes % 1_024 * 10 / 1_024
        while tenths >= 10_240, unit < units.count - 1 {
            tenths /= 1_024
            unit += 1
        }
        return tenths >= 1_000 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
