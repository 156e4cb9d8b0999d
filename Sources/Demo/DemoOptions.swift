public import Control
import Settings

/// What the demo is asked to do, checked.
public struct DemoOptions: Sendable {
    /// Fewer cannot stand for six operators of which a third dies.
    public static let nodesMin = 6
    /// More do not fit on one machine.
    public static let nodesMax = 60
    public static let rateMax = 5_000
    /// Bytes of the private file unless told otherwise: more than four segments.
    public static let fileBytesDefault = 256 << 20
    public static let fileBytesMax = 1 << 40
    /// As `--file`: there is no private file.
    public static let noFile = "none"

    public let nodes: Int
    /// Absolute path of the folder to publish; `nil` for the project's documents.
    public let site: String?
    /// Requests per second.
    public let rate: Int
    public let seed: UInt64
    /// How long a silent node keeps its copies before they are made elsewhere.
    public let repairDelay: Duration
    /// The private file; `nil` for none.
    public let file: PrivateFileSource?
    /// Leave data and logs behind.
    public let keep: Bool

    /// - Parameter file: what is stored for an owner alone; `nil` for none.
    /// - Throws: ``ControlError`` `.usage` that names the option and its limits.
    public init(
        nodes: Int,
        site: String?,
        rate: Int,
        seed: UInt64,
        repairDelay: String,
        file: PrivateFileSource? = .generated(bytes: fileBytesDefault),
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
        if case .generated(let bytes) = file, !(1...Self.fileBytesMax).contains(bytes) {
            throw ControlError(.usage, "--file-size must be 1 byte to 1TiB; '--file none' leaves the file out")
        }
        self.nodes = nodes
        self.site = site
        self.rate = rate
        self.seed = seed
        self.file = file
        self.keep = keep
    }
}
