public import Control
import Settings

/// What the demo is asked to do, checked.
public struct DemoOptions: Sendable {
    /// Fewer cannot stand for six operators of which a third dies.
    public static let nodesMin = 6
    /// More do not fit on one machine.
    public static let nodesMax = 60
    public static let rateMax = 5_000

    public let nodes: Int
    /// Absolute path of the folder to publish; `nil` for the project's documents.
    public let site: String?
    /// Requests per second.
    public let rate: Int
    public let seed: UInt64
    /// How long a silent node keeps its copies before they are made elsewhere.
    public let repairDelay: Duration
    /// Leave data and logs behind.
    public let keep: Bool

    /// - Throws: ``ControlError`` `.usage` that names the option and its limits.
    public init(
        nodes: Int,
        site: String?,
        rate: Int,
        seed: UInt64,
        repairDelay: String,
        keep: Bool
    ) throws(ControlError) {
        guard (Self.nodesMin...Self.nodesMax).contains(nodes) else {
            throw ControlError(
                .usage,
                "--nodes must be \(Self.nodesMin) to \(Self.nodesMax), not \(nodes)"
            )
        }
        guard (1...Self.rateMax).contains(rate) else {
            throw ControlError(
                .usage,
                "--rate must be 1 to \(Self.rateMax) requests per second, not \(rate)"
            )
        }
        do throws(SettingsError) {
            self.repairDelay = try DurationText.parse(repairDelay)
        } catch {
            throw ControlError(.usage, "--repair-delay: \(error.message)")
        }
        self.nodes = nodes
        self.site = site
        self.rate = rate
        self.seed = seed
        self.keep = keep
    }
}
