import Core
import Mesh
import Testing

struct RecordTests {
    @Test func genesis_decoded_isTheSame() throws {
        let fixtures = RecordFixtures()
        let decoded = try GenesisRecord(decoding: fixtures.genesis.bytes)
        #expect(decoded == fixtures.genesis)
        #expect(decoded.mesh == fixtures.genesis.mesh)
    }

    @Test func nodeRecord_decoded_isTheSame() throws {
        let record = RecordFixtures().record()
        #expect(try NodeRecord(decoding: record.bytes) == record)
    }

    @Test func nodeRecord_certifiedForAnotherNode_isForged() throws {
        let fixtures = RecordFixtures()
        let mine = fixtures.record()
        // The other node signs the payload that holds my certificate.
        let payload = try SignedEnvelope<NodeRole>(decoding: mine.bytes, in: SignatureDomain("holdfast/node/1")).payload
        let stolen = SignedEnvelope(signing: payload, in: SignatureDomain("holdfast/node/1"), with: fixtures.other)
        let error = #expect(throws: MeshError.self) { try NodeRecord(decoding: stolen.encoded) }
        #expect(error?.code == .forged)
    }

    @Test func nodeRecord_withUnknownField_keepsIt() throws {
        let fixtures = RecordFixtures()
        let domain = SignatureDomain("holdfast/node/1")
        let envelope = try SignedEnvelope<NodeRole>(decoding: fixtures.record().bytes, in: domain)
        guard case .map(var fields) = try CBOR(decoding: envelope.payload) else {
            Issue.record("a node record is a map")
            return
        }
        fields["later"] = .text("something of the next version")
        let newer = SignedEnvelope(signing: CBOR.map(fields).encoded(), in: domain, with: fixtures.node)
        let decoded = try NodeRecord(decoding: newer.encoded)
        #expect(decoded.bytes == newer.encoded)
    }

    @Test func nodeRecord_withAnyByteChanged_isRefused() {
        let bytes = RecordFixtures().record().bytes
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x01
            #expect(throws: MeshError.self, "byte \(index)") { try NodeRecord(decoding: changed) }
        }
    }

    @Test func nodeRecord_truncated_isRefused() {
        let bytes = RecordFixtures().record().bytes
        for length in stride(from: 0, to: bytes.count, by: 3) {
            #expect(throws: MeshError.self) { try NodeRecord(decoding: Array(bytes.prefix(length))) }
        }
    }

    @Test func nodeRecord_oversized_isTooLarge() {
        let error = #expect(throws: MeshError.self) {
            try NodeRecord(decoding: [UInt8](repeating: 0, count: NodeRecord.bytesMax + 1))
        }
        #expect(error?.code == .tooLarge)
    }

    @Test func invitation_asText_isReadBack() throws {
        var fixtures = RecordFixtures()
        let invitation = fixtures.invitation(expires: fixtures.now + .seconds(60), once: true)
        let read = try Invitation(invitation.text)
        #expect(read.genesis == invitation.genesis)
        #expect(read.node == invitation.node)
        #expect(read.locators == invitation.locators)
        #expect(read.certificate == invitation.certificate)
        #expect(!invitation.text.contains { $0.isWhitespace })
    }

    @Test func invitation_cutShort_isRefused() throws {
        var fixtures = RecordFixtures()
        let text = fixtures.invitation().text
        for length in stride(from: 0, to: text.count, by: 7) {
            #expect(throws: MeshError.self) { try Invitation(String(text.prefix(length))) }
        }
    }

    @Test func admission_byInvitation_isReadBack() throws {
        var fixtures = RecordFixtures()
        let admission = fixtures.invitation().admission(of: fixtures.guest, now: fixtures.now)
        #expect(try AdmissionRecord(decoding: admission.bytes) == admission)
        #expect(admission.isComplete)
        #expect(admission.issuer == fixtures.founder.id)
    }

    @Test func admission_byLimitedInvitation_needsTheIssuer() throws {
        var fixtures = RecordFixtures()
        let admission = fixtures.invitation(once: true).admission(of: fixtures.guest, now: fixtures.now)
        #expect(!admission.isComplete)
        let signed = admission.countersigned(by: fixtures.founder)
        #expect(try AdmissionRecord(decoding: signed.bytes).isComplete)
        let byTheGuest = admission.countersigned(by: fixtures.guest)
        let error = #expect(throws: MeshError.self) { try AdmissionRecord(decoding: byTheGuest.bytes) }
        #expect(error?.code == .forged)
    }
}
