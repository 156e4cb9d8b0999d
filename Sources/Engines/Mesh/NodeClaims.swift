import Core

/// What a node says about itself: claims, signed by it, checked by nobody.
public struct NodeClaims: Hashable, Sendable {
    public var locators: [Locator]
    /// What the node does beside gossip: `storage`, `gateway`.
    public var roles: [String]
    /// Hosting provider: lower-case letters, digits and dashes (`home`, `hetzner`, `aws`…).
    public var hosting: String
    /// Two upper-case letters (ISO 3166-1).
    public var jurisdiction: String
    /// Bytes lent to the mesh; 0 holds nothing.
    public var storageBytes: UInt64
    /// The software and its version, for people.
    public var software: String
    /// Fields that only a later version knows; they are written and, as they stay in the record's bytes, forwarded.
    package var unknown: [String: CBOR] = [:]

    public static let rolesMax = 8
    public static let roleBytesMax = 16
    public static let hostingBytesMax = 64
    public static let softwareBytesMax = 32

    public static let storageRole = "storage"
    public static let gatewayRole = "gateway"

    public init(
        locators: [Locator],
        roles: [String],
        hosting: String,
        jurisdiction: String,
        storageBytes: UInt64,
        software: String
    ) {
        self.locators = locators
        self.roles = roles
        self.hosting = hosting
        self.jurisdiction = jurisdiction
        self.storageBytes = storageBytes
        self.software = software
    }

    var fields: [String: CBOR] {
        let known: [String: CBOR] = [
            "locators": Locator.encode(locators), "roles": .array(roles.map { .text($0) }),
            "hosting": .text(hosting), "jurisdiction": .text(jurisdiction),
            "offers": .map(["storage": .unsigned(storageBytes)]), "software": .text(software),
        ]
        return known.merging(unknown) { known, _ in known }
    }

    init(_ fields: CBORFields) throws(CoreError) {
        locators = try Locator.decode(try fields.array("locators", max: Locator.countMax))
        roles = []
        for item in try fields.array("roles", max: Self.rolesMax) {
            guard case .text(let role) = item, role.utf8.count <= Self.roleBytesMax else {
                throw CoreError(.invalid, "a role is text of at most \(Self.roleBytesMax) bytes")
            }
            roles.append(role)
        }
        hosting = try fields.text("hosting", max: Self.hostingBytesMax)
        jurisdiction = try fields.text("jurisdiction", max: 2)
        guard jurisdiction.utf8.count == 2, jurisdiction.utf8.allSatisfy({ (65...90).contains($0) }) else {
            throw CoreError(.invalid, "a jurisdiction is two upper-case letters (ISO 3166)")
        }
        storageBytes = try CBORFields(try fields.value("offers"), of: "offers").unsigned("storage")
        software = try fields.text("software", max: Self.softwareBytesMax)
    }
}
