import Core

extension DeviceStatement {
    /// The payload of a statement that was verified before, for whoever knows its digest; nothing is verified here.
    ///
    /// - Throws: ``CoreError`` for bytes that are no statement.
    public static func payload(of bytes: [UInt8]) throws(CoreError) -> [UInt8] {
        guard case .array(let parts) = try CBOR(decoding: bytes), parts.count == 2,
            case .bytes(let envelope) = parts[1],
            case .array(let inner) = try CBOR(decoding: envelope), inner.count == 3, case .bytes(let payload) = inner[1]
        else { throw CoreError(.invalid, "not an array of certificate and envelope") }
        return payload
    }
}
