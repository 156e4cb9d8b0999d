/// One reading of the whole private file, and whether every byte was right.
public struct FileReadBack: Codable, Sendable, Equatable {
    /// What was killed just before.
    public var after: String
    /// From the kill until the last byte was checked, or until it failed.
    public var seconds: Double
    /// The file's size when its hash was right, 0 otherwise.
    public var bytesVerified: Int
    /// A wrong byte, an error or no whole answer in time; absent when all was right.
    public var failure: String?

    public init(after: String, seconds: Double, bytesVerified: Int, failure: String? = nil) {
        self.after = after
        self.seconds = seconds
        self.bytesVerified = bytesVerified
        self.failure = failure
    }
}
