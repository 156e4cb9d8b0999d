import Core
import Foundation
import Mesh
import Node
import RecordStore
import TestFolders
import Testing

/// How a node comes to its mesh, and how it lets others in.
struct FoundingTests {
    private let founder = signingKey(31, as: OperatorRole.self)

    private func folder(_ temporary: TemporaryFolder, _ name: String = "data") throws -> DataFolder {
        try DataFolder(path: temporary.path + "/" + name)
    }

    private func invitation(to genesis: GenesisRecord, by issuer: SigningKey<OperatorRole>) -> String {
        var rng = SplitMix64(seed: 7)
        return Invitation(
            genesis: genesis,
            node: signingKey(32).id,
            locators: [.tcp("127.0.0.1:4000")],
            issuer: issuer,
            using: &rng
        ).text
    }

    private func genesis(_ seed: UInt64) -> GenesisRecord {
        var rng = SplitMix64(seed: seed)
        return GenesisRecord(founder: founder, now: wallClock(), using: &rng)
    }

    @Test func emptyFolder_foundsAMeshAndGoesOnWithIt() throws {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let first = try Founding(folder: folder(temporary), operator: founder, invites: [])
        #expect(try SmallFile.read(folder(temporary).genesis) == nil, "a start that fails later founds nothing")
        try first.save(in: folder(temporary))
        #expect(first.isNew)
        #expect(first.genesis.founder == founder.id)
        let second = try Founding(folder: folder(temporary), operator: founder, invites: [])
        #expect(!second.isNew)
        #expect(second.genesis.mesh == first.genesis.mesh)
    }

    @Test func invitation_joinsItsMeshAndIsRemembered() throws {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let genesis = genesis(1)
        let text = invitation(to: genesis, by: founder)
        let joined = try Founding(folder: folder(temporary), operator: signingKey(33), invites: [text])
        try joined.save(in: folder(temporary))
        #expect(!joined.isNew)
        #expect(joined.genesis.mesh == genesis.mesh)
        #expect(joined.contacts[signingKey(32).id] == [.tcp("127.0.0.1:4000")])
        let again = try Founding(folder: folder(temporary), operator: signingKey(33), invites: [])
        #expect(again.genesis.mesh == genesis.mesh)
        #expect(again.invitation == nil)
    }

    @Test func damagedGenesis_isNamedAndNotReplaced() throws {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let data = try folder(temporary)
        let good = genesis(1).bytes
        var flipped = good
        flipped[good.count - 1] ^= 1
        let text = invitation(to: genesis(1), by: founder)
        for bytes in [[], [0], flipped, good.dropLast(), good + [0], Array(repeating: 0x41, count: 4_096)] as [[UInt8]]
        {
            try SmallFile.write(bytes, to: data.genesis)
            for invites in [[], [text]] {
                let error = #expect(throws: NodeError.self) {
                    _ = try Founding(folder: data, operator: founder, invites: invites)
                }
                #expect(error?.code == .corrupt)
                #expect(error?.message.contains(data.genesis) == true)
                #expect(try SmallFile.read(data.genesis) == bytes)
            }
        }
    }

    @Test func invitationOfAnotherMesh_isRefusedAndChangesNothing() throws {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let (own, other) = (genesis(1), genesis(2))
        try SmallFile.write(own.bytes, to: folder(temporary).genesis)
        let text = invitation(to: other, by: founder)
        let error = #expect(throws: NodeError.self) {
            _ = try Founding(folder: folder(temporary), operator: founder, invites: [text])
        }
        #expect(error?.code == .mesh)
        #expect(try SmallFile.read(folder(temporary).genesis) == own.bytes)

        // Neither do two invitations of two meshes fit together, and no mesh is remembered then.
        let fresh = try folder(temporary, "fresh")
        #expect(throws: NodeError.self) {
            _ = try Founding(folder: fresh, operator: founder, invites: [invitation(to: own, by: founder), text])
        }
        #expect(try SmallFile.read(fresh.genesis) == nil)
    }

    @Test func invitationThatIsNone_isRefusedAndFoundsNothing() throws {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let good = invitation(to: genesis(1), by: founder)
        var texts = ["", "x", "holdfast-", "holdfast-!", String(good.dropLast(9)), good.uppercased(), good + "aaaa"]
        texts.append(Invitation.prefix + String(repeating: "a", count: Invitation.textLengthMax))
        let data = try folder(temporary)
        for text in texts {
            let error = #expect(throws: NodeError.self, "\(text)") {
                _ = try Founding(folder: data, operator: founder, invites: [text])
            }
            #expect(error?.code == .usage)
            #expect(try SmallFile.read(data.genesis) == nil)
        }
    }
}

struct InvitationDeskTests {
    private let issuer = signingKey(41, as: OperatorRole.self)
    private let node = signingKey(42, as: NodeRole.self)

    private func withDesk(_ body: (InvitationDesk, RecordStore) throws -> Void) throws {
        let folder = try TemporaryFolder()
        let records = try RecordStore(folder: folder.path)
        try body(desk(of: issuer, records), records)
        withExtendedLifetime(folder) {}
    }

    private func desk(of issuer: SigningKey<OperatorRole>, _ records: RecordStore) -> InvitationDesk {
        InvitationDesk(
            genesis: TestMesh.genesis,
            node: node.id,
            operator: issuer,
            locators: [.tcp("127.0.0.1:4000")],
            records: records
        )
    }

    private func admission(_ text: String, of number: UInt64) throws -> AdmissionRecord {
        try Invitation(text).admission(of: signingKey(number), now: wallClock())
    }

    private func expectSigned(_ text: String, of number: UInt64, by desk: InvitationDesk) throws {
        let signed = try desk.countersign(try admission(text, of: number).bytes)
        #expect(signed.isComplete)
    }

    private func expectRefusal(_ words: String, _ body: () throws -> Void) {
        let error = #expect(throws: NodeError.self, performing: body)
        #expect(error?.code == .mesh)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func openInvitation_needsNoSignature() throws {
        try withDesk { desk, _ in
            let admission = try admission(desk.invite(expires: nil, once: false), of: 60)
            #expect(admission.isComplete)
        }
    }

    @Test func onceInvitation_servesOneOperatorAsOftenAsItAsks() throws {
        try withDesk { desk, records in
            let text = desk.invite(expires: nil, once: true)
            let first = try admission(text, of: 60)
            #expect(!first.isComplete)
            let signed = try desk.countersign(first.bytes)
            #expect(signed.isComplete)
            #expect(signed.operator == signingKey(60, as: OperatorRole.self).id)
            #expect(try AdmissionRecord(decoding: signed.bytes).isComplete)
            // The answer may have got lost.
            try expectSigned(text, of: 60, by: desk)
            expectRefusal("used already") { _ = try desk.countersign(admission(text, of: 61).bytes) }
            // It stays so after a restart.
            let restarted = self.desk(of: issuer, records)
            expectRefusal("used already") { _ = try restarted.countersign(admission(text, of: 61).bytes) }
            try expectSigned(text, of: 60, by: restarted)
        }
    }

    @Test func onceInvitations_areUsedUpOneByOne() throws {
        try withDesk { desk, _ in
            let texts = [desk.invite(expires: nil, once: true), desk.invite(expires: nil, once: true)]
            try expectSigned(texts[0], of: 60, by: desk)
            try expectSigned(texts[1], of: 61, by: desk)
        }
    }

    @Test func onceInvitation_askedForByManyAtOnce_servesOne() async throws {
        let folder = try TemporaryFolder()
        let desk = desk(of: issuer, try RecordStore(folder: folder.path))
        let text = desk.invite(expires: nil, once: true)
        let admissions = try (60..<76 as Range<UInt64>).map { try admission(text, of: $0).bytes }
        let served = await withTaskGroup(of: Bool.self) { group in
            for bytes in admissions { group.addTask { (try? desk.countersign(bytes)) != nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(served == 1)
        withExtendedLifetime(folder) {}
    }

    @Test func expiredInvitation_isRefused() throws {
        try withDesk { desk, _ in
            let late = desk.invite(expires: .seconds(-60), once: true)
            expectRefusal("expired") { _ = try desk.countersign(admission(late, of: 60).bytes) }
            let valid = desk.invite(expires: .seconds(3_600), once: false)
            try expectSigned(valid, of: 60, by: desk)
        }
    }

    @Test func invitationOfAnotherOperatorOrMesh_isRefused() throws {
        try withDesk { desk, records in
            let other = self.desk(of: signingKey(43), records)
            let text = other.invite(expires: nil, once: true)
            expectRefusal("not made here") { _ = try desk.countersign(admission(text, of: 60).bytes) }
            var rng = SplitMix64(seed: 9)
            let genesis = GenesisRecord(founder: issuer, now: wallClock(), using: &rng)
            let foreign = Invitation(
                genesis: genesis,
                node: node.id,
                locators: [],
                issuer: issuer,
                once: true,
                using: &rng
            )
            expectRefusal("not made here") {
                _ = try desk.countersign(foreign.admission(of: signingKey(60), now: wallClock()).bytes)
            }
        }
    }

    @Test func admissionThatIsNone_isRefused() throws {
        try withDesk { desk, _ in
            let good = try admission(desk.invite(expires: nil, once: true), of: 60).bytes
            var flipped = good
            flipped[good.count / 2] ^= 1
            for bytes in [[], [0xA0], flipped, good.dropLast(), Array(repeating: 0x41, count: 8_192)] as [[UInt8]] {
                let error = #expect(throws: NodeError.self) { try desk.countersign(bytes) }
                #expect(error?.code == .mesh)
            }
        }
    }
}
