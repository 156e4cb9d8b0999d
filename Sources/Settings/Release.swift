/// Which Holdfast this is.
public enum Release {
    /// Semantic version, without a `v`.
    public static let version = "0.1.0"
}
