import Core
import GoldenVectors
import Owners
import Testing

@Suite struct OwnersJudgeTests {
    let household: Household

    init() throws { household = try Household() }

    private func judge(
        _ kind: RecordKind,
        _ bytes: [UInt8],
        devices: DeviceList = DeviceList(),
        now: Instant = start,
        admitted: Bool = true
    ) throws -> JudgedOwnerRecord {
        try OwnersJudge.judge(kind, bytes, mesh: meshID, now: now, devices: devices) { _ in admitted }
    }

    private func code(_ body: () throws -> JudgedOwnerRecord) -> OwnersError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? OwnersError)?.code
        }
    }

    @Test func deviceRecord_v1_decodesVector() throws {
        let made = try household.deviceRecord()
        let vector = try Vectors.bytes("device-record-v1", or: made.bytes)
        let judged = try judge(.device, vector)
        #expect(judged.content == .device(made))
        #expect(judged.header.key.subject == household.owner.id.bytes + household.device.id.bytes)
        #expect(judged.header.expires == start + day(90))
        #expect(judged.header.sponsor == household.sponsor.id)
    }

    @Test func namespaceRootRecord_v1_decodesVector() throws {
        let made = NamespaceRootRecord(sponsoring: try household.root(), sponsor: household.sponsor)
        let vector = try Vectors.bytes("namespace-root-record-v1", or: made.bytes)
        let judged = try judge(.namespaceRoot, vector)
        #expect(judged.content == .namespaceRoot(made))
        #expect(judged.header.version == 7)
        #expect(judged.header.key.kind == .namespaceRoot)
    }

    @Test func versions_ofDeviceRecords_followTheOwnerFirst() throws {
        let first = try household.deviceRecord(version: 1)
        let renewed = try household.deviceRecord(version: 1, expires: start + day(91))
        let revoked = try household.deviceRecord(version: 2, state: .revoked, expires: start + day(1))
        #expect(first.header.version < renewed.header.version)
        #expect(renewed.header.version < revoked.header.version)
    }

    @Test func records_ofAnotherMeshTimeOrSponsor_areRefused() throws {
        let far = try household.deviceRecord(expires: start + day(401)).bytes
        #expect(code { try judge(.device, far) } == .outOfRange)
        let stranger = try household.deviceRecord(mesh: otherMeshID).bytes
        #expect(code { try judge(.device, stranger) } == .wrongMesh)
        let good = try household.deviceRecord().bytes
        #expect(code { try judge(.device, good, admitted: false) } == .unknownSigner)
        #expect(code { try judge(.device, good, now: start + day(90)) } == .expired)
        #expect(code { try judge(.publication, good) } == .unknownKind)
        #expect(code { try judge(.namespaceRoot, good) } != nil)
        let root = NamespaceRootRecord(sponsoring: try household.root(mesh: otherMeshID), sponsor: household.sponsor)
        #expect(code { try judge(.namespaceRoot, root.bytes) } == .wrongMesh)
    }

    @Test func roots_ofARevokedDevice_countUpToTheLast() throws {
        var devices = DeviceList()
        let active = try household.certificate(version: 1)
        let revoked = try household.certificate(version: 2, state: .revoked, lastRootVersion: 7)
        let news = [active, revoked, active].map { devices.insert($0) }
        #expect(news == [true, true, false])
        #expect(devices.devices(of: household.owner.id) == [revoked])
        for (version, expected) in [(6, nil), (7, nil), (8, OwnersError.Code.revoked)] {
            let record = NamespaceRootRecord(
                sponsoring: try household.root(version: UInt64(version)),
                sponsor: household.sponsor
            )
            #expect(code { try judge(.namespaceRoot, record.bytes, devices: devices) } == expected)
        }
    }

    @Test func certificates_ofOneVersion_letTheRevocationWin() throws {
        let active = try household.certificate(version: 3)
        let revoked = try household.certificate(version: 3, state: .revoked)
        for order in [[active, revoked], [revoked, active]] {
            var devices = DeviceList()
            for certificate in order { devices.insert(certificate) }
            #expect(devices.certificate(of: household.device.id, owner: household.owner.id) == revoked)
        }
    }

    @Test func unknownState_ofADevice_countsAsRevoked() throws {
        let odd = try household.certificate(version: 3, state: DeviceCertificate.State(code: 77), lastRootVersion: 4)
        #expect(odd.allows(rootVersion: 4))
        #expect(!odd.allows(rootVersion: 5))
    }

    @Test func hostileBytes_ofRecords_neverPass() throws {
        let records: [(RecordKind, [UInt8])] = [
            (.device, try household.deviceRecord().bytes),
            (.namespaceRoot, NamespaceRootRecord(sponsoring: try household.root(), sponsor: household.sponsor).bytes),
        ]
        var rng = SplitMix64(seed: 5)
        for (kind, good) in records {
            for cut in stride(from: 0, to: good.count, by: 7) {
                #expect(code { try judge(kind, Array(good.prefix(cut))) } != nil)
            }
            for _ in 0..<400 {
                var bad = good
                let index = Int.random(in: 0..<bad.count, using: &rng)
                bad[index] ^= UInt8.random(in: 1...255, using: &rng)
                #expect(code { try judge(kind, bad) } != nil)
            }
            #expect(code { try judge(kind, Array(repeating: 0x9B, count: 100_000)) } == .outOfRange)
        }
    }

    @Test func versionOrEnd_beyondTheRecord_isRefused() throws {
        #expect(throws: OwnersError.self) { try household.deviceRecord(version: 1 << 32) }
        #expect(throws: OwnersError.self) { try household.deviceRecord(expires: Instant(milliseconds: .max)) }
        #expect(throws: OwnersError.self) { try household.deviceRecord(expires: .distantPast) }
    }
}
