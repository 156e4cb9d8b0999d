/// How far the floor of a site of this node is.
enum FloorState: Hashable, Sendable {
    /// In the mesh, signed and announced.
    case stored(segments: Int)
    case storing(segments: Int, of: Int)
    /// It has not been looked at yet.
    case waiting
    /// There is none, and why; a sentence for the user.
    case none(String)

    var isStored: Bool { if case .stored = self { true } else { false } }

    /// For tables: one short phrase.
    var text: String {
        switch self {
        case .stored: "stored"
        case .storing(let segments, let total): "storing \(segments)/\(total)"
        case .waiting: "waiting"
        case .none: "none"
        }
    }

    /// Why there is none.
    var reason: String? { if case .none(let reason) = self { reason } else { nil } }
}
