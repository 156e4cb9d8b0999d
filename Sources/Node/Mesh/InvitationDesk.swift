import Core
import Mesh
import RecordStore
import Synchronization

/// Gives out invitations and countersigns the limited ones, each as often as it allows.
package final class InvitationDesk: Sendable {
    private let genesis: GenesisRecord
    private let node: NodeID
    private let `operator`: SigningKey<OperatorRole>
    private let locators: [Locator]
    private let records: RecordStore
    /// Two requests with one invitation are decided one after the other.
    private let turn = Mutex<Void>(())

    package init(
        genesis: GenesisRecord,
        node: NodeID,
        operator: SigningKey<OperatorRole>,
        locators: [Locator],
        records: RecordStore
    ) {
        self.genesis = genesis
        self.node = node
        self.operator = `operator`
        self.locators = locators
        self.records = records
    }

    package func invite(expires: Duration?, once: Bool) -> String {
        var generator = SystemRandomNumberGenerator()
        return Invitation(
            genesis: genesis,
            node: node,
            locators: locators,
            issuer: `operator`,
            expires: expires.map { Clock.now() + $0 },
            once: once,
            using: &generator
        ).text
    }

    /// Countersigns an admission made with an invitation of this operator.
    ///
    /// - Throws: ``NodeError`` `.mesh` with the reason for a refusal.
    package func countersign(_ bytes: [UInt8]) throws -> AdmissionRecord {
        let admission: AdmissionRecord
        do { admission = try AdmissionRecord(decoding: bytes) } catch { throw NodeError(.mesh, error.message) }
        let certificate = admission.certificate
        guard admission.mesh == genesis.mesh, certificate.issuer == `operator`.id else {
            throw NodeError(.mesh, "this invitation was not made here")
        }
        if let expires = certificate.expires, Clock.now() > expires {
            throw NodeError(.mesh, "this invitation has expired; ask for a new one")
        }
        return try turn.withLock { _ in
            let name = "invitation/\(certificate.invitation)"
            let user = try records.setting(name)
            if certificate.once, let user, user != admission.operator.bytes {
                throw NodeError(.mesh, "this invitation was used already; ask for a new one")
            }
            if certificate.once, user == nil { try records.set(name, to: admission.operator.bytes) }
            return admission.countersigned(by: `operator`)
        }
    }
}
