import Core

/// Which records of a message would be decoded, so that a process that may crash can do it first.
extension MeshMachine {
    /// A record as it travels.
    public typealias CarriedRecord = (key: RecordKey, version: UInt64, bytes: [UInt8])

    /// The records in a message; none where it is a message of another kind, or none at all.
    public static func records(carriedBy message: [UInt8]) -> [CarriedRecord] {
        guard case .records(let records, _)? = (try? MeshMessage(decoding: message))?.body else { return [] }
        return records.map { ($0.key, $0.version, $0.bytes) }
    }

    /// Those of `records` that ``handle(_:from:address:now:using:)`` would look into: newer than what is known, not too
    /// large, not quarantined.
    public func unseen(_ records: [CarriedRecord]) -> [CarriedRecord] {
        records.filter { record in
            record.version > (version(of: record.key) ?? 0) && record.bytes.count <= MeshLimits.recordBytesMax
                && (quarantined.isEmpty || !quarantined.contains(Self.digest(of: record.key.kind, record.bytes)))
        }
    }
}
