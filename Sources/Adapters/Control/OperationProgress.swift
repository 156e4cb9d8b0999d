/// How far a long operation is.
public struct OperationProgress: Codable, Hashable, Sendable {
    /// What is counted.
    public enum Unit: String, Codable, Sendable, CaseIterable {
        case files, bytes, blocks, copies, pieces, segments
    }

    /// What happens now, as a participle: `importing`, `placing`.
    public var phase: String
    public var unit: Unit
    public var done: Int
    /// `nil` while nobody knows.
    public var total: Int?
    /// Of what is done, what an interrupted attempt had done; `nil` for nothing.
    public var resumed: Int?

    public init(phase: String, unit: Unit, done: Int, total: Int? = nil, resumed: Int? = nil) {
        self.phase = phase
        self.unit = unit
        self.done = done
        self.total = total
        self.resumed = resumed
    }
}
