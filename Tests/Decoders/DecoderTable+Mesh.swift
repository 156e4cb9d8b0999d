import Core
import Mesh
import Owners
import Publishing

extension DecoderTable {
    /// The keys of `MeshTests`: drawn one after the other.
    private struct MeshKeys {
        let founder: SigningKey<OperatorRole>
        let guest: SigningKey<OperatorRole>
        let node: SigningKey<NodeRole>
        let other: SigningKey<NodeRole>

        init() {
            var rng = SplitMix64(seed: 42)
            founder = .generate(using: &rng)
            guest = .generate(using: &rng)
            node = .generate(using: &rng)
            other = .generate(using: &rng)
        }
    }

    private static func vector(_ name: String) throws -> [UInt8] { try SampleFiles.vector("MeshTests", name) }

    static func mesh() throws -> [DecoderTarget] {
        let keys = MeshKeys()
        let genesis = try vector("genesis-v1")
        let node = try vector("node-v1")
        let admission = try vector("admission-v1")
        let invitations = try ["invitation-v1", "invitation-limited-v1"].map {
            String(decoding: try vector($0), as: UTF8.self)
        }
        let certificate = try Invitation(invitations[1]).certificate.bytes
        return [
            DecoderTarget(
                "GenesisRecord",
                [DecoderSample(genesis), try .resigning(genesis, in: "holdfast/genesis/1", by: keys.founder)]
            ) { try GenesisRecord(decoding: $0).bytes },
            DecoderTarget(
                "NodeRecord",
                [DecoderSample(node), try .resigning(node, in: "holdfast/node/1", by: keys.node)]
            ) { try NodeRecord(decoding: $0).bytes },
            DecoderTarget(
                "AdmissionRecord",
                [DecoderSample(admission), DecoderSample(try vector("admission-countersigned-v1"))]
                    + [try admissionClaim(admission, invitations[0], keys.guest)]
            ) { try AdmissionRecord(decoding: $0).bytes },
            DecoderTarget(
                "InvitationCertificate",
                [
                    DecoderSample(certificate),
                    try .resigning(certificate, in: "holdfast/invitation/1", by: keys.founder),
                ]
            ) { try InvitationCertificate(decoding: $0).bytes },
            DecoderTarget("Invitation", try invitations.map(invitation)) {
                Array(try Invitation(String(decoding: $0, as: UTF8.self)).text.utf8)
            },
            try messages(keys, genesis: genesis, records: [(2, keys.node.id.bytes, node)]),
        ]
    }

    /// The claim inside an admission, signed anew by the invitation's key and the guest's.
    private static func admissionClaim(
        _ admission: [UInt8],
        _ invitation: String,
        _ guest: SigningKey<OperatorRole>
    ) throws -> DecoderSample {
        let text = Multibase.base32
        let fields = try CBORFields(decoding: text.decodeBare(invitation.dropFirst(9)), of: "invitation")
        let key: SigningKey<InvitationRole> = try SigningKey(seed: fields.bytes("seed", max: 32))
        let outer = try CBORFields(decoding: admission, of: "admission").bytes("admission", max: 4_096)
        let inner = try SignedEnvelope<OperatorRole>(
            decoding: outer,
            in: SignatureDomain("holdfast/admission/1")
        ).payload
        return try DecoderSample.resigning(inner, in: "holdfast/admission-claim/1", by: key)
            .resigned(in: "holdfast/admission/1", by: guest)
            .wrapped { CBOR.map(["admission": .bytes($0)]).encoded() }
    }

    private static func invitation(_ text: String) throws -> DecoderSample {
        let (prefix, base32) = (Invitation.prefix, Multibase.base32)
        return DecoderSample(try base32.decodeBare(text.dropFirst(prefix.count))) {
            Array((prefix + base32.encodeBare($0)).utf8)
        }
    }

    // MARK: - Messages

    /// Judges all kinds of records, as a node does.
    private struct Judge: RecordJudging {
        let mesh: CID

        func judge(
            _ kind: RecordKind,
            _ bytes: [UInt8],
            now: Instant,
            operatorOf: (NodeID) -> OperatorID?,
            isAdmitted: (OperatorID) -> Bool
        ) throws(MeshError) -> RecordHeader {
            let isOwners = kind == .device || kind == .namespaceRoot
            do {
                return isOwners
                    ? try OwnersJudge.judge(
                        kind,
                        bytes,
                        mesh: mesh,
                        now: now,
                        devices: DeviceList(),
                        isAdmitted: isAdmitted
                    ).header
                    : try RecordJudge.judge(
                        kind,
                        bytes,
                        mesh: mesh,
                        now: now,
                        operatorOf: operatorOf,
                        isAdmitted: isAdmitted
                    ).header
            } catch {
                throw MeshError(.malformed, "\(error)")
            }
        }
    }

    /// What a peer may say, handled by a whole machine and not decoded alone.
    private static func messages(
        _ keys: MeshKeys,
        genesis bytes: [UInt8],
        records: [(kind: UInt64, subject: [UInt8], bytes: [UInt8])]
    ) throws -> DecoderTarget {
        let genesis = try GenesisRecord(decoding: bytes)
        let now = Instant(milliseconds: 1_800_000_000_000)
        let claims = try NodeRecord(decoding: vector("node-v1")).claims
        let machine = MeshMachine(
            genesis: genesis,
            identity: .init(node: keys.node, operator: keys.founder, claims: claims),
            judge: Judge(mesh: genesis.mesh),
            now: now
        )
        let wire: [CBOR] = records.map {
            .array([.unsigned($0.kind), .bytes($0.subject), .unsigned(7), .bytes($0.bytes)])
        }
        let bodies: [[String: CBOR]] = [
            ["k": .unsigned(0)],
            ["k": .unsigned(1), "s": .unsigned(9)],
            ["k": .unsigned(2), "s": .unsigned(9), "t": .bytes(keys.node.id.bytes)],
            ["k": .unsigned(3), "s": .unsigned(9), "t": .bytes(keys.node.id.bytes)],
            ["k": .unsigned(4), "r": .array(wire)],
            ["k": .unsigned(5), "b": .array(Array(repeating: .unsigned(3), count: 64))],
            ["k": .unsigned(6), "b": .array([.unsigned(1)]), "e": .array([.unsigned(1), .unsigned(2)])],
            ["k": .unsigned(7), "b": .array([.unsigned(1)])],
        ]
        let update = CBOR.array([.bytes(keys.other.id.bytes), .unsigned(1), .unsigned(5)])
        let samples = bodies.map { body in
            let common: [String: CBOR] = [
                "c": .integer(now.milliseconds), "i": .unsigned(1), "u": .array([update]),
            ]
            return DecoderSample(CBOR.map(common.merging(body) { $1 }).encoded())
        }
        return DecoderTarget("MeshMessage", samples) { bytes in
            var rng = SplitMix64(seed: 1)
            var machine = machine
            let refused = machine.counters.badMessages
            _ = machine.handle(bytes, from: keys.other.id, address: "127.0.0.1:4000", now: now, using: &rng)
            // What it made of the message is carried out, too.
            _ = machine.tick(now: now + .seconds(90), using: &rng)
            guard machine.counters.badMessages == refused else {
                throw MeshError(.malformed, "the machine refused the message")
            }
            return nil
        }
    }
}
