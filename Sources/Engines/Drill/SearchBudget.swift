/// Steps that searches for the smallest losses may take together.
public struct SearchBudget: Sendable {
    /// Steps of a whole drill: some seconds.
    public static let stepsMax = 2_000_000

    public private(set) var stepsLeft: Int
    /// Whether a search was cut short because nothing was left.
    public private(set) var isExhausted = false

    public init(steps: Int = Self.stepsMax) {
        stepsLeft = steps
    }

    /// Notes the steps of one search.
    ///
    /// - Parameter wasCut: Whether it wanted more than it had.
    mutating func spend(_ steps: Int, wasCut: Bool) {
        stepsLeft = max(stepsLeft - steps, 0)
        if wasCut, stepsLeft == 0 { isExhausted = true }
    }
}
