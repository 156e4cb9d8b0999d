/// One thing that `doctor` looked at.
public struct Finding: Codable, Hashable, Sendable {
    /// How bad it is.
    public enum Level: String, Codable, Sendable, CaseIterable {
        /// Looked at, and fine.
        case fine
        /// Works, but not for long or not well.
        case warning
        /// Does not work.
        case problem
    }

    /// What was looked at: `disk`, `clock`, `port 8080`.
    public var subject: String
    public var level: Level
    /// The cause in one sentence, not its symptom.
    public var cause: String
    /// What to do about it.
    public var advice: String?

    public init(_ subject: String, _ level: Level, _ cause: String, advice: String? = nil) {
        self.subject = subject
        self.level = level
        self.cause = cause
        self.advice = advice
    }
}
