/// A kind of failure domain; see ``DomainMap`` for which one a node lies in.
public enum DomainKind: String, CaseIterable, Hashable, Sendable {
    case `operator`, hosting, jurisdiction, network
}

/// One thing that a drill takes for lost, as a person writes it.
public enum LossRule: Hashable, Sendable, CustomStringConvertible {
    /// Every node of a failure domain: `operator:NAME`, `hosting:NAME`, `jurisdiction:XX`, `network:PREFIX`.
    case domain(DomainKind, String)
    /// One node: `node:k51…`, or the last eight characters of its key.
    case node(String)
    /// A share of all nodes, in percent from 1 to 100, drawn by a seed: `33%`.
    case share(Int)

    /// Longest text, in UTF-8 bytes.
    public static let textBytesMax = 256
    /// Most rules of one drill.
    public static let rulesMax = 64

    /// - Throws: ``DrillError`` `.malformed`, with the forms that are possible.
    public init(_ text: String) throws(DrillError) {
        guard text.utf8.count <= Self.textBytesMax else {
            throw DrillError(.malformed, "a loss of \(text.utf8.count) bytes, at most \(Self.textBytesMax) can be")
        }
        if text.hasSuffix("%") {
            guard let percent = Int(text.dropLast()), (1...100).contains(percent) else {
                throw DrillError(.malformed, "\"\(text)\" is no share of the nodes; 1% to 100% are possible")
            }
            self = .share(percent)
            return
        }
        guard let colon = text.firstIndex(of: ":") else { throw Self.malformed(text) }
        let (kind, name) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        if kind == "node", !name.isEmpty {
            self = .node(name)
        } else if let domain = DomainKind(rawValue: kind), !name.isEmpty {
            self = .domain(domain, name)
        } else {
            throw Self.malformed(text)
        }
    }

    private static func malformed(_ text: String) -> DrillError {
        DrillError(
            .malformed,
            "\"\(text)\" says not what is lost; write operator:NAME, hosting:NAME, jurisdiction:XX, network:PREFIX, "
                + "node:ID or a share such as 33%"
        )
    }

    public var description: String {
        switch self {
        case .domain(let kind, let name): "\(kind.rawValue):\(name)"
        case .node(let name): "node:\(name)"
        case .share(let percent): "\(percent)%"
        }
    }
}
