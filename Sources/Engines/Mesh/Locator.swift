import Core

/// A typed address at which a node may be reached.
///
/// Only `tcp` (an IP address and a port) is used yet; locators of types that this version does not know are kept and
/// forwarded with the record's bytes.
public struct Locator: Hashable, Sendable {
    public let type: String
    public let address: String

    /// Most locators in one record.
    public static let countMax = 8
    /// Longest type and address, in bytes.
    public static let typeBytesMax = 16
    public static let addressBytesMax = 128

    public init(type: String, address: String) {
        self.type = type
        self.address = address
    }

    /// `A.B.C.D:PORT` or `[IPv6]:PORT`.
    public static func tcp(_ address: String) -> Locator { Locator(type: "tcp", address: address) }

    /// The network of a `tcp` address; `nil` when it is not a global one.
    var network: NetworkPrefix? {
        guard type == "tcp", let colon = address.lastIndex(of: ":") else { return nil }
        return NetworkPrefix(address: address[..<colon].filter { $0 != "[" && $0 != "]" })
    }

    static func encode(_ locators: [Locator]) -> CBOR {
        .array(locators.map { .array([.text($0.type), .text($0.address)]) })
    }

    static func decode(_ items: [CBOR]) throws(CoreError) -> [Locator] {
        var locators: [Locator] = []
        for item in items {
            guard case .array(let pair) = item, pair.count == 2, case .text(let type) = pair[0],
                case .text(let address) = pair[1], type.utf8.count <= typeBytesMax,
                address.utf8.count <= addressBytesMax
            else {
                throw CoreError(.invalid, "a locator is a type and an address of at most \(addressBytesMax) bytes")
            }
            locators.append(Locator(type: type, address: address))
        }
        return locators
    }
}
