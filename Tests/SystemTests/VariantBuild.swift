/// A build that differs from the program's: see `Tests/VariantNode`.
enum VariantBuild: Sendable {
    /// Traps in the decoder of a record that holds the text.
    case crashing(on: String)
    /// The same, and decodes what peers send without a trial.
    case crashingUntried(on: String)
    /// Speaks records of the next version.
    case next

    static let path = Holdfast.beside("variant-node")

    var options: [String] {
        switch self {
        case .crashing(let text): ["--crash-on", text]
        case .crashingUntried(let text): ["--crash-on", text, "--untried"]
        case .next: ["--speaks-next"]
        }
    }
}
