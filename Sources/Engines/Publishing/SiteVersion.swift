import Core

/// One state of a site that stays addressable: its root and when it was published.
public struct SiteVersion: Hashable, Sendable {
    public let root: CID
    public let published: Instant

    public init(root: CID, published: Instant) {
        self.root = root
        self.published = published
    }

    /// This many newest versions are kept however old they are.
    public static let keptCount = 10
    /// Versions younger than this are kept however many they are, up to ``countMax``.
    public static let keptAge: Duration = .seconds(30 * 86_400)
    /// Most versions that a publication names.
    public static let countMax = 64

    /// The versions of `newestFirst` that are kept at `now`: the last 10, and any of the last 64 that is younger than 30 days.
    public static func retained(of newestFirst: [SiteVersion], at now: Instant) -> [SiteVersion] {
        newestFirst.prefix(countMax).enumerated().filter { index, version in
            index < keptCount || now < version.published + keptAge
        }.map(\.element)
    }

    /// When the next of `newestFirst` ages out; `nil` when none will by age alone.
    static func nextAgeing(of newestFirst: [SiteVersion], after now: Instant) -> Instant? {
        newestFirst.dropFirst(keptCount).map { $0.published + keptAge }.filter { $0 > now }.min()
    }
}
