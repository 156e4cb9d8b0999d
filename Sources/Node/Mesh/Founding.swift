import Core
import Exchange
import Mesh
import NIOCore
import Transport

/// How a node comes to its mesh: it founds one, joins one with an invitation, or goes on with the one that it knows.
package struct Founding {
    package let genesis: GenesisRecord
    /// Nodes and addresses of invitations.
    package let contacts: [NodeID: [Locator]]
    /// The invitation to use, where this node's operator may not be admitted yet.
    package let invitation: Invitation?
    /// Whether this node made the mesh just now.
    package let isNew: Bool

    /// - Throws: ``NodeError`` for invitations that cannot be read or belong to another mesh.
    package init(folder: DataFolder, operator: SigningKey<OperatorRole>, invites: [String]) throws(NodeError) {
        var invitations: [Invitation] = []
        for text in invites {
            do { invitations.append(try Invitation(text)) } catch {
                throw NodeError(.usage, "this is no invitation: \(error.message)")
            }
        }
        var contacts: [NodeID: [Locator]] = [:]
        for invitation in invitations { contacts[invitation.node] = invitation.locators }
        self.contacts = contacts
        invitation = invitations.first
        if let bytes = try SmallFile.read(folder.genesis) {
            guard let known = try? GenesisRecord(decoding: bytes) else {
                throw NodeError(
                    .corrupt,
                    "\(folder.genesis) is damaged; restore it, or use an empty data folder"
                )
            }
            genesis = known
            isNew = false
        } else if let invitation = invitations.first {
            genesis = invitation.genesis
            isNew = false
        } else {
            var generator = SystemRandomNumberGenerator()
            genesis = GenesisRecord(founder: `operator`, now: Clock.now(), using: &generator)
            isNew = true
        }
        for invitation in invitations where invitation.genesis.mesh != genesis.mesh {
            throw NodeError(
                .mesh,
                "the invitation is for another mesh than the one in \(folder.path); use another --data folder for it"
            )
        }
    }

    /// Remembers the mesh; done once this node really runs, so that a failed start founds nothing.
    package func save(in folder: DataFolder) throws(NodeError) {
        try SmallFile.write(genesis.bytes, to: folder.genesis)
    }

    /// The admission that this node's operator needs, countersigned by the inviting node where the invitation is limited.
    ///
    /// - Throws: ``NodeError`` `.mesh` when the inviting node refuses or does not answer.
    package func admission(of operator: SigningKey<OperatorRole>, client: PeerClient) async throws(NodeError)
        -> AdmissionRecord?
    {
        guard let invitation, `operator`.id != genesis.founder else { return nil }
        let admission = invitation.admission(of: `operator`, now: Clock.now())
        guard !admission.isComplete else { return admission }
        let request = ExchangeRequest.admit(admission: admission.bytes)
        do {
            let answer = try await client.call(
                to: invitation.node,
                at: invitation.locators.filter { $0.type == "tcp" }.map(\.address),
                path: request.path,
                body: ByteBuffer(bytes: request.encoded),
                responseBytesMax: AdmissionRecord.bytesMax,
                deadline: .now + .seconds(10)
            )
            return try AdmissionRecord(decoding: Array(answer.readableBytesView))
        } catch let error as TransportError {
            throw NodeError(.mesh, "the inviting node did not admit this operator: \(error.message)")
        } catch {
            throw NodeError(.mesh, "the inviting node's answer is no admission: \(error)")
        }
    }
}
