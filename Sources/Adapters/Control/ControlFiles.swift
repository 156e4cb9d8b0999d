import Glibc

/// The two files in the data folder through which commands find their node.
///
/// `control.token` (0600) is what a command must show; it is made once and kept. `control.json` says where the node
/// that runs now listens; a node removes it when it stops, and after a crash nobody listens there.
struct ControlFiles: Sendable {
    /// Bytes of randomness in a token.
    static let tokenBytes = 32

    let folder: String

    var tokenPath: String { folder + "/control.token" }
    var addressPath: String { folder + "/control.json" }

    struct Address: Codable, Sendable {
        var address: String
        var process: Int32
    }

    /// The token of this folder; made when there is none.
    ///
    /// - Throws: ``ControlError`` when the file cannot be made, or when others may read it.
    func readOrCreateToken() throws(ControlError) -> String {
        if let token = try readToken() { return token }
        var generator = SystemRandomNumberGenerator()
        let token = (0..<Self.tokenBytes).map { _ in
            let byte = String(UInt8.random(in: .min ... .max, using: &generator), radix: 16)
            return byte.count == 1 ? "0" + byte : byte
        }.joined()
        try write(token + "\n", to: tokenPath)
        return token
    }

    /// - Returns: `nil` when there is no token file.
    func readToken() throws(ControlError) -> String? {
        guard let text = try read(tokenPath) else { return nil }
        var status = stat()
        guard stat(tokenPath, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw ControlError(
                .unauthorized,
                "\(tokenPath) can be read by others; remove it, and the node makes a new one when it starts"
            )
        }
        let token = text.filter { !$0.isWhitespace }
        guard token.utf8.count == Self.tokenBytes * 2 else {
            throw ControlError(
                .corrupt,
                "\(tokenPath) holds no token of \(Self.tokenBytes * 2) digits; remove it and restart the node"
            )
        }
        return token
    }

    func writeAddress(_ address: String) throws(ControlError) {
        guard let bytes = try? ControlAPI.encode(Address(address: address, process: getpid())) else {
            preconditionFailure("two plain fields always encode")
        }
        try write(String(decoding: bytes, as: UTF8.self) + "\n", to: addressPath)
    }

    /// - Returns: `nil` when no node has said where it listens, or the file is damaged.
    func readAddress() throws(ControlError) -> Address? {
        guard let text = try read(addressPath) else { return nil }
        return try? ControlAPI.decode(Address.self, from: Array(text.utf8))
    }

    /// Removes the address if it is still this process's own.
    func removeAddress() {
        guard let address = try? readAddress(), address.process == getpid() else { return }
        unlink(addressPath)
    }

    private func read(_ path: String) throws(ControlError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = errno
            if reason == ENOENT || reason == ENOTDIR { return nil }
            let code: ExitCode = reason == EACCES ? .unauthorized : .failed
            throw ControlError(code, "cannot open \(path): \(systemText(reason))")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw ControlError(.failed, "cannot read \(path): \(systemText(errno))") }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Writes a file for its owner only; a reader sees the old or the new text.
    private func write(_ text: String, to path: String) throws(ControlError) {
        let temporary = "\(path).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("create", temporary, errno) }
        let bytes = Array(text.utf8)
        let count = Glibc.write(descriptor, bytes, bytes.count)
        let reason = errno
        close(descriptor)
        guard count == bytes.count else {
            unlink(temporary)
            throw failure("write", temporary, count < 0 ? reason : ENOSPC)
        }
        guard rename(temporary, path) == 0 else {
            let reason = errno
            unlink(temporary)
            throw failure("save", path, reason)
        }
    }

    private func failure(_ verb: String, _ path: String, _ reason: Int32) -> ControlError {
        let code: ExitCode = reason == ENOSPC || reason == EDQUOT ? .full : .failed
        return ControlError(code, "cannot \(verb) \(path): \(systemText(reason))")
    }
}
