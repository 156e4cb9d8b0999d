import Core
import Namespace
import Owners

extension DecoderTable {
    static func owners() throws -> [DecoderTarget] {
        let owner: SigningKey<OwnerRole> = try SampleKeys.key(21)
        let sponsor: SigningKey<OperatorRole> = try SampleKeys.key(23)
        let record = try SampleFiles.vector("OwnersTests", "device-record-v1")
        let rootRecord = try SampleFiles.vector("OwnersTests", "namespace-root-record-v1")
        let root = try NamespaceRootRecord(decoding: rootRecord).root.bytes
        let certificate = try DeviceRecord(decoding: record).certificate.bytes
        let resignedRoot = try resigned(root, in: "holdfast/namespace-root/1", by: try SampleKeys.key(22))
        return [
            DecoderTarget(
                "DeviceCertificate",
                [DecoderSample(certificate), try .resigning(certificate, in: "holdfast/device/1", by: owner)]
            ) { try DeviceCertificate(decoding: $0).bytes },
            DecoderTarget(
                "DeviceRecord",
                [DecoderSample(record), try .resigning(record, in: "holdfast/device-sponsor/1", by: sponsor)]
            ) { try DeviceRecord(decoding: $0).bytes },
            DecoderTarget("NamespaceRoot", [DecoderSample(root), resignedRoot]) {
                try NamespaceRoot(decoding: $0).bytes
            },
            DecoderTarget(
                "NamespaceRootRecord",
                [
                    DecoderSample(rootRecord),
                    resignedRoot.resigned(in: "holdfast/namespace-root-sponsor/1", by: sponsor),
                ]
            ) { try NamespaceRootRecord(decoding: $0).bytes },
            DecoderTarget(
                "RecoveryPhrase",
                text: [String(repeating: "abandon ", count: 11) + "about", "legal winner thank year"]
            ) { text in
                _ = try? RecoveryPhrase(words: text)
                return nil
            },
        ]
    }

    /// A statement of a device, what it signs changed before it is signed.
    static func resigned(
        _ statement: [UInt8],
        in domain: String,
        by device: SigningKey<DeviceRole>
    ) throws -> DecoderSample {
        guard case .array(let parts) = try CBOR(decoding: statement), parts.count == 2,
            case .bytes(let inner) = parts[1]
        else { throw CoreError(.invalid, "a statement is a certificate and an envelope") }
        return try DecoderSample.resigning(inner, in: domain, by: device).wrapped {
            CBOR.array([parts[0], .bytes($0)]).encoded()
        }
    }

    static func namespace() throws -> [DecoderTarget] {
        let part = try SampleFiles.vector("NamespaceTests", "part-v1")
        let root = try SampleFiles.vector("NamespaceTests", "namespace-root-v1")
        let reading = try ReadingKey(Array(repeating: 33, count: 32))
        let contents = try NamespaceRoot(decoding: root).open(with: reading).encoded()
        let chunk = DecoderSample(Array(part.dropFirst(4))) { chunk in
            withUnsafeBytes(of: UInt32(chunk.count).bigEndian) { Array($0) } + chunk
        }
        return [
            DecoderTarget("NamespacePart", [DecoderSample(part), chunk]) { try NamespacePart(decoding: $0).encoded() },
            DecoderTarget("NamespaceContents", [DecoderSample(contents)]) {
                try NamespaceContents(decoding: $0).encoded()
            },
            DecoderTarget("ObjectName", text: ["docs/été/☃", "a"]) { Array(try ObjectName($0).text.utf8) },
        ]
    }
}
