import Core

/// The protobuf message of an IPNS record, field by field, not verified.
struct IPNSEntry {
    private(set) var value: [UInt8]?
    private(set) var signatureV1: [UInt8]?
    private(set) var validityType: UInt64?
    private(set) var validity: [UInt8]?
    private(set) var sequence: UInt64?
    private(set) var ttl: UInt64?
    private(set) var publicKey: [UInt8]?
    private(set) var signatureV2: [UInt8]?
    private(set) var data: [UInt8]?

    /// Strict but for unknown fields, which are skipped.
    init(decoding bytes: [UInt8]) throws(ContentError) {
        var reader = ProtobufReader(bytes[...], message: "an IPNS record")
        var seen: Set<UInt64> = []
        while let (number, field) = try reader.next() {
            if (1...9).contains(number), !seen.insert(number).inserted {
                throw reader.malformed("has field \(number) twice")
            }
            switch (number, field) {
            case (1, .bytes(let content)): value = Array(content)
            case (2, .bytes(let content)): signatureV1 = Array(content)
            case (3, .varint(let number)): validityType = number
            case (4, .bytes(let content)): validity = Array(content)
            case (5, .varint(let number)): sequence = number
            case (6, .varint(let number)): ttl = number
            case (7, .bytes(let content)): publicKey = Array(content)
            case (8, .bytes(let content)): signatureV2 = Array(content)
            case (9, .bytes(let content)): data = Array(content)
            case (1...9, _): throw reader.wrongType(number)
            default: break
            }
        }
    }

    /// Whether any of the fields that V1 signed is there.
    private var hasLegacyFields: Bool {
        value != nil || signatureV1 != nil || validity != nil || validityType != nil || sequence != nil || ttl != nil
    }

    /// Fields of V1 are not signed by V2; they must say the same, so that no reader is told something else.
    ///
    /// An absent number is 0, as protobuf has it.
    func checkLegacyFields(against signed: IPNSData) throws(ContentError) {
        guard hasLegacyFields else { return }
        guard value == signed.value, validity == signed.validity, validityType ?? 0 == signed.validityType,
            sequence ?? 0 == signed.sequence, ttl ?? 0 == signed.ttl
        else { throw ContentError(.malformed, "the V1 fields of an IPNS record differ from the signed ones") }
    }
}

/// The DAG-CBOR inside an IPNS record; fields that are not known are left alone.
struct IPNSData {
    let value: [UInt8]
    let validity: [UInt8]
    let validityType: UInt64
    let sequence: UInt64
    let ttl: UInt64

    init(decoding bytes: [UInt8]) throws(ContentError) {
        do {
            let fields = try CBORFields(decoding: bytes, of: "IPNS record")
            value = try fields.bytes("Value", max: IPNSRecord.bytesMax)
            validity = try fields.bytes("Validity", max: Timestamp.textBytesMax)
            validityType = try fields.unsigned("ValidityType")
            sequence = try fields.unsigned("Sequence")
            ttl = try fields.unsigned("TTL")
        } catch {
            throw ContentError(.malformed, error.message)
        }
    }
}
