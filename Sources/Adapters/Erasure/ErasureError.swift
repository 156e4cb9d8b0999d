/// What was wrong with a code, or with the pieces given to it.
public struct ErasureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// No code has these counts of pieces.
        public static let badCounts = Code(name: "badCounts")
        /// Pieces are too few, named twice, or not of this code.
        public static let badPieces = Code(name: "badPieces")
        /// Pieces are empty, too long or of different lengths.
        public static let badLength = Code(name: "badLength")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.name): \(message)" }
}
