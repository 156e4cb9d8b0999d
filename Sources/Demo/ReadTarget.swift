import Core

/// One thing that readers ask for, under the addresses it has at every gateway.
package struct ReadTarget: Sendable {
    /// Path of the request, by root CID.
    package let immutable: String
    /// Path of the request, by name.
    package let named: String
    package let size: Int
    package let digest: Digest

    package init(file: SiteReference.File, root: String, name: String) {
        let path = Self.percentEncoded(file.path)
        immutable = "/ipfs/\(root)/\(path)"
        named = "/ipns/\(name)/\(path)"
        size = file.size
        digest = file.digest
    }

    /// How long a reader waits for the whole answer: 10 s, and for large files what 2 MB/s need.
    package var timeMax: Duration { .seconds(10) + .microseconds(size / 2) }

    /// RFC 3986: everything but unreserved characters and `/` as `%XX`.
    package static func percentEncoded(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x2F: result.append(byte)
            default: result += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
