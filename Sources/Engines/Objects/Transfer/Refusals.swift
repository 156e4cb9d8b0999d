import Core

/// Which nodes did not do what they were asked, and why; for the reason that a person reads in the end.
struct Refusals: Sendable {
    /// Refusals that the text names; more are counted.
    static let namedMax = 3

    private var all: [(place: PiecePlace, reason: String)] = []

    mutating func add(_ place: PiecePlace, _ reason: String) {
        all.append((place, reason))
    }

    /// `text` with the refusals behind it.
    func explain(_ text: String) -> String {
        let named = all.prefix(Self.namedMax).map { "\($0.place.node.short) (piece \($0.place.piece)): \($0.reason)" }
        let more = all.count - named.count
        return ([text] + named + (more > 0 ? ["and \(more) more"] : [])).joined(separator: "; ")
    }
}
