/// The media type of a file, by its name and then by its first bytes.
package enum ContentType {
    /// How many first bytes decide about a file without a known extension.
    package static let sniffBytesMax = 512
    /// What everything unknown is: a browser saves it and runs nothing.
    package static let unknown = "application/octet-stream"

    /// The type that belongs to the extension of `name`, `nil` when there is none that is known.
    package static func of(name: String) -> String? {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.utf8.startIndex else { return nil }
        return table[name[name.utf8.index(after: dot)...].lowercased()]
    }

    /// The type of bytes whose name says nothing: text if they are UTF-8 without control characters.
    ///
    /// HTML is never guessed: a page says so by its name.
    ///
    /// - Parameters:
    ///   - bytes: The first ``sniffBytesMax`` bytes, or all.
    ///   - size: Length of the whole file in bytes.
    package static func sniff(_ bytes: some Collection<UInt8>, of size: UInt64) -> String {
        let prefix = Array(bytes.prefix(sniffBytesMax))
        for (magic, type) in magics where prefix.starts(with: magic) { return type }
        return isText(prefix, isWhole: size <= UInt64(prefix.count)) ? "text/plain; charset=utf-8" : unknown
    }

    private static let magics: [([UInt8], String)] = [
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "image/png"),
        ([0xFF, 0xD8, 0xFF], "image/jpeg"),
        (Array("GIF8".utf8), "image/gif"),
        (Array("%PDF-".utf8), "application/pdf"),
        ([0x1F, 0x8B, 0x08], "application/gzip"),
        ([0x50, 0x4B, 0x03, 0x04], "application/zip"),
        (Array("wOF2".utf8), "font/woff2"),
        ([0x00, 0x61, 0x73, 0x6D], "application/wasm"),
    ]

    private static func isText(_ bytes: [UInt8], isWhole: Bool) -> Bool {
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || [0x09, 0x0A, 0x0C, 0x0D, 0x1B].contains($0) }) else {
            return false
        }
        // The cut may fall inside a character: up to three bytes may be left out.
        for dropped in 0...(isWhole ? 0 : 3) where dropped <= bytes.count {
            if String(validating: bytes.dropLast(dropped), as: UTF8.self) != nil { return true }
        }
        return false
    }

    private static let table: [String: String] = [
        "html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8", "xhtml": "application/xhtml+xml",
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8", "cjs": "text/javascript; charset=utf-8",
        "json": "application/json", "map": "application/json", "jsonld": "application/ld+json",
        "webmanifest": "application/manifest+json", "geojson": "application/geo+json",
        "txt": "text/plain; charset=utf-8", "text": "text/plain; charset=utf-8", "log": "text/plain; charset=utf-8",
        "md": "text/markdown; charset=utf-8", "markdown": "text/markdown; charset=utf-8",
        "csv": "text/csv; charset=utf-8", "tsv": "text/tab-separated-values; charset=utf-8",
        "ics": "text/calendar; charset=utf-8", "vtt": "text/vtt; charset=utf-8",
        "xml": "text/xml; charset=utf-8", "xsl": "text/xml; charset=utf-8", "rss": "application/rss+xml",
        "atom": "application/atom+xml", "yaml": "application/yaml", "yml": "application/yaml",
        "toml": "application/toml", "ini": "text/plain; charset=utf-8", "conf": "text/plain; charset=utf-8",
        "c": "text/plain; charset=utf-8", "h": "text/plain; charset=utf-8", "swift": "text/plain; charset=utf-8",
        "py": "text/plain; charset=utf-8", "go": "text/plain; charset=utf-8", "rs": "text/plain; charset=utf-8",
        "sh": "text/plain; charset=utf-8", "ts": "text/plain; charset=utf-8", "sol": "text/plain; charset=utf-8",
        "vy": "text/plain; charset=utf-8", "diff": "text/plain; charset=utf-8", "patch": "text/plain; charset=utf-8",
        "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
        "avif": "image/avif", "svg": "image/svg+xml", "ico": "image/x-icon", "bmp": "image/bmp",
        "tif": "image/tiff", "tiff": "image/tiff", "heic": "image/heic", "jxl": "image/jxl",
        "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "mov": "video/quicktime",
        "mkv": "video/x-matroska", "avi": "video/x-msvideo", "mpg": "video/mpeg", "mpeg": "video/mpeg",
        "m3u8": "application/vnd.apple.mpegurl", "mpd": "application/dash+xml",
        "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg", "oga": "audio/ogg",
        "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav", "weba": "audio/webm",
        "woff": "font/woff", "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf",
        "eot": "application/vnd.ms-fontobject", "pdf": "application/pdf", "rtf": "application/rtf",
        "epub": "application/epub+zip", "wasm": "application/wasm", "zip": "application/zip",
        "gz": "application/gzip", "tgz": "application/gzip", "bz2": "application/x-bzip2", "xz": "application/x-xz",
        "zst": "application/zstd", "7z": "application/x-7z-compressed", "tar": "application/x-tar",
        "deb": "application/vnd.debian.binary-package", "iso": "application/x-iso9660-image",
        "jar": "application/java-archive", "car": "application/vnd.ipld.car", "bin": "application/octet-stream",
        "exe": "application/octet-stream", "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt": "application/vnd.ms-powerpoint",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "sqlite": "application/vnd.sqlite3",
    ]
}
