import Core
import Publishing
import RecordStore

/// The sites that this node holds, as it remembers them across restarts.
package struct HeldSites: Sendable {
    static let prefix = "held/"

    let records: RecordStore

    func load() throws -> [HeldSite] {
        try records.settings(prefix: Self.prefix).map { try Self.decode($0.value) }
    }

    func remember(_ site: HeldSite) throws {
        try records.set(Self.prefix + site.publisher.description, to: Self.encode(site))
    }

    func forget(_ publisher: PublisherID) throws {
        try records.set(Self.prefix + publisher.description, to: nil)
    }

    private static func encode(_ site: HeldSite) -> [UInt8] {
        CBOR.map([
            "publisher": .bytes(site.publisher.bytes), "sequence": .unsigned(site.sequence),
            "roots": .array(site.roots.map(CBOR.link)), "lease": .integer(site.leaseEnd.milliseconds),
            "own": .bool(site.isOwn),
        ]).encoded()
    }

    package static func decode(_ bytes: [UInt8]) throws -> HeldSite {
        let fields = try CBORFields(decoding: bytes, of: "held site")
        let roots = try fields.array("roots", max: SiteVersion.countMax).compactMap { item -> CID? in
            if case .link(let cid) = item { cid } else { nil }
        }
        return HeldSite(
            publisher: try fields.key("publisher"),
            sequence: try fields.unsigned("sequence"),
            roots: roots,
            leaseEnd: try fields.instant("lease"),
            isOwn: try fields.bool("own")
        )
    }
}
