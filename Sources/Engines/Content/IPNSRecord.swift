import Core

/// A signed statement of where a publisher's name points, readable by every IPNS implementation.
///
/// Written is the V2 form only (`signatureV2` and `data`); read are V2 records with or without the fields of V1, whose
/// signature is never used. Source: ipfs/specs ipns-record.md.
public struct IPNSRecord: Hashable, Sendable {
    /// Largest record, in bytes.
    public static let bytesMax = 10 * 1024
    /// Longest value that is written, in bytes.
    public static let valueBytesMax = 1024
    /// What precedes the signed bytes.
    private static let signaturePrefix = Array("ipns-signature:".utf8)
    /// The only validity type: an end of life.
    private static let endOfLife: UInt64 = 0

    /// Whose statement this is.
    public let name: PublisherID
    /// A content path, usually `/ipfs/<cid>`.
    public let value: String
    public let sequence: UInt64
    /// The last moment at which the record holds.
    public let validity: Timestamp
    /// How long a resolver may keep the answer.
    public let ttl: Duration
    /// The record as it came or as it is sent.
    public let bytes: [UInt8]
    /// The signed DAG-CBOR.
    private let data: [UInt8]

    /// Signs a new record.
    ///
    /// - Parameters:
    ///   - value: a content path, `/ipfs/<cid>`, at most ``valueBytesMax`` bytes.
    ///   - sequence: higher than that of every earlier record of this name.
    ///   - validity: instants after the year 9999 become its end.
    ///   - ttl: in nanoseconds from 0 to 2^64 − 1; others saturate.
    public init(value: String, sequence: UInt64, validity: Instant, ttl: Duration, key: SigningKey<PublisherRole>) {
        precondition(value.utf8.count <= Self.valueBytesMax, "an IPNS value of \(value.utf8.count) bytes is no path")
        let nanoseconds = Self.nanoseconds(ttl)
        let end = Timestamp(validity)
        let fields: [String: CBOR] = [
            "TTL": .unsigned(nanoseconds),
            "Value": .bytes(Array(value.utf8)),
            "Sequence": .unsigned(sequence),
            "Validity": .bytes(Array(end.description.utf8)),
            "ValidityType": .unsigned(Self.endOfLife),
        ]
        data = CBOR.map(fields).encoded()
        var writer = ProtobufWriter()
        writer.bytes(8, key.signature(over: Self.signaturePrefix + data))
        writer.bytes(9, data)
        bytes = writer.bytes
        name = key.id
        self.value = value
        self.sequence = sequence
        self.validity = end
        self.ttl = Self.duration(nanoseconds)
    }

    /// Decodes a record and verifies that `name` signed it. Whether it has expired is not looked at.
    ///
    /// - Throws: ``ContentError`` `.tooLarge` over ``bytesMax``, `.unsupported` without `signatureV2` or for another
    ///   validity type, `.badSignature`, or `.malformed`, also when fields of V1 contradict the signed ones.
    public init(decoding bytes: [UInt8], name: PublisherID) throws(ContentError) {
        guard bytes.count <= Self.bytesMax else {
            throw ContentError(.tooLarge, "an IPNS record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let entry = try IPNSEntry(decoding: bytes)
        guard let signature = entry.signatureV2, let data = entry.data, !data.isEmpty else {
            throw ContentError(.unsupported, "the IPNS record has no V2 signature or no data; publish it anew")
        }
        if let key = entry.publicKey, !key.isEmpty, CID(codec: .libp2pKey, hash: .identity(key)) != name.cid {
            throw ContentError(.badSignature, "the IPNS record carries another key than that of \(name)")
        }
        guard name.verifies(signature, over: Self.signaturePrefix + data) else {
            throw ContentError(.badSignature, "the IPNS record is not signed by \(name)")
        }
        let signed = try IPNSData(decoding: data)
        guard signed.validityType == Self.endOfLife else {
            throw ContentError(
                .unsupported,
                "the IPNS record has validity type \(signed.validityType), only 0 is known"
            )
        }
        try entry.checkLegacyFields(against: signed)
        guard let value = String(validating: signed.value, as: UTF8.self) else {
            throw ContentError(.malformed, "the value of the IPNS record of \(name) is not UTF-8")
        }
        validity = try Timestamp(parsing: signed.validity)
        self.value = value
        sequence = signed.sequence
        ttl = Self.duration(signed.ttl)
        self.name = name
        self.bytes = bytes
        self.data = data
    }

    /// The CID in a value of the form `/ipfs/<cid>`, nil for every other value.
    public var root: CID? {
        guard value.hasPrefix("/ipfs/") else { return nil }
        return try? CID(value.dropFirst(6))
    }

    /// Whether the record no longer holds at `now`.
    public func isExpired(now: Instant) -> Bool { Timestamp(now) > validity }

    /// Whether a resolver that has both prefers this record: the higher sequence, then the later validity.
    ///
    /// What is left undecided is decided by the signed bytes, so that all nodes agree; nobody but the publisher can
    /// change those.
    public func supersedes(_ other: IPNSRecord) -> Bool {
        if sequence != other.sequence { return sequence > other.sequence }
        if validity != other.validity { return validity > other.validity }
        return other.data.lexicographicallyPrecedes(data)
    }

    private static func duration(_ nanoseconds: UInt64) -> Duration {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Duration(secondsComponent: Int64(seconds), attosecondsComponent: Int64(rest) * 1_000_000_000)
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = product.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return overflow || carried ? .max : sum
    }
}
