import Core
import Files
import FoundationEssentials
import Glibc

/// Ed25519 private keys on disk: PKCS#8 in PEM (RFC 8410), readable by their owner only.
package enum KeyFile {
    /// DER of an Ed25519 PKCS#8 key up to its 32-byte seed (RFC 8410 section 7).
    private static let prefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]
    private static let header = "-----BEGIN PRIVATE KEY-----"
    private static let footer = "-----END PRIVATE KEY-----"

    /// - Returns: the key, or `nil` when there is no such file.
    /// - Throws: ``NodeError`` when the file is no Ed25519 key, or when others may read it.
    package static func read<Role>(_ path: String, as _: Role.Type = Role.self) throws(NodeError) -> SigningKey<Role>? {
        guard let bytes = try SmallFile.read(path) else { return nil }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw NodeError(.file, "\(path) can be read by others; protect it with: chmod 600 \(path)")
        }
        let body = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-----") }
            .joined()
        guard let der = Data(base64Encoded: body), der.count == prefix.count + SigningKey<Role>.seedByteCount,
            der.starts(with: prefix), let key = try? SigningKey<Role>(seed: Array(der.dropFirst(prefix.count)))
        else { throw NodeError(.file, "\(path) is not an Ed25519 private key (PKCS#8 in PEM)") }
        return key
    }

    package static func write<Role>(
        _ key: SigningKey<Role>,
        to path: String,
        through files: any FileSystem = SystemFileSystem()
    ) throws(NodeError) {
        let body = Data(prefix + key.seed).base64EncodedString()
        try SmallFile.write(Array("\(header)\n\(body)\n\(footer)\n".utf8), to: path, through: files)
    }

    /// The key in `path`; made on first use.
    package static func readOrCreate<Role>(_ path: String, as _: Role.Type = Role.self) throws(NodeError) -> SigningKey<
        Role
    > {
        if let key = try read(path, as: Role.self) { return key }
        var generator = SystemRandomNumberGenerator()
        let key = SigningKey<Role>.generate(using: &generator)
        try write(key, to: path)
        return key
    }
}
