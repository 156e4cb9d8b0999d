/// Every setting of a node: its name, its default and what it means. The one home of all three.
///
/// `--NAME` on the command line, `HOLDFAST_NAME` in the environment (upper case, `-` as `_`) and `NAME = …` in
/// `DATA/holdfast.conf` are the same setting.
public enum Setting: String, CaseIterable, Sendable {
    case data
    case listen
    case advertise
    case gateway
    case control
    case operatorName = "operator"
    case operatorKey = "operator-key"
    case hosting
    case jurisdiction
    case join
    case storage
    case cache
    case repairDelay = "repair-delay"
    case repairRate = "repair-rate"
    case probeInterval = "probe-interval"
    case logLevel = "log-level"

    /// The name on the command line and in the file.
    public var name: String { rawValue }

    /// The environment variable that sets it.
    public var variable: String {
        "HOLDFAST_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// Whether several values are kept; of the others the highest layer's one counts.
    public var repeats: Bool { self == .join || self == .advertise }

    /// Whether values are shown only in part: an invite lets its reader in.
    public var isSecret: Bool { self == .join }

    /// The value when nobody gives one; empty for "none".
    public var defaultText: String {
        switch self {
        case .data: "~/.holdfast"
        case .listen: "0.0.0.0:4601"
        case .advertise: ""
        case .gateway: "127.0.0.1:8080"
        case .control: "127.0.0.1:4602"
        case .operatorName: "me"
        case .operatorKey: ""
        case .hosting: "home"
        case .jurisdiction: "ZZ"
        case .join: ""
        case .storage: "auto"
        case .cache: "auto"
        case .repairDelay: "1h"
        case .repairRate: "32MiB"
        case .probeInterval: "1s"
        case .logLevel: "info"
        }
    }

    /// One line of help.
    public var help: String {
        switch self {
        case .data: "Folder with the node's keys and content."
        case .listen: "Address for other nodes."
        case .advertise: "Address that others are told to use, where it is not the one listened on."
        case .gateway: "Address of the HTTP gateway."
        case .control: "Address for commands; loopback only."
        case .operatorName: "Who answers for this node: names a key, made on first use."
        case .operatorKey: "File with the operator's key, shared by all nodes of one operator; made on first use."
        case .hosting: "Where the machine stands: home, hetzner, aws, …"
        case .jurisdiction: "Country of the machine, two letters (ISO 3166); ZZ when you do not say."
        case .join: "Invite of the mesh to join."
        case .storage: "Space lent, for example 20GB; auto is 50 GB or half of what is free, the smaller."
        case .cache: "Space for what passes through the gateway; auto is a tenth of the space lent."
        case .repairDelay:
            "How long what a silent node holds is waited for; 1d to 3d where machines are off at night."
        case .repairRate:
            "Bytes a second that making lost pieces again may move, 1MiB or more; 0 for no limit."
        case .probeInterval: "How often a node checks that another one answers."
        case .logLevel: "Least severe message that is logged: \(LogLevel.list)."
        }
    }

    /// The setting that `name` on the command line or in the file stands for.
    public init?(name: some StringProtocol) {
        self.init(rawValue: String(name))
    }
}

/// How much a node says on standard error.
public enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error

    static let list = allCases.map(\.rawValue).joined(separator: ", ")
}
