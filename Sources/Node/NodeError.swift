/// Why a node could not start or could not do what it was asked.
public struct NodeError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        public let name: String

        /// A setting or an argument makes no sense.
        public static let usage = Code(name: "usage")
        /// A file or folder could not be read or written.
        public static let file = Code(name: "file")
        /// The disk or the lent space is full.
        public static let full = Code(name: "full")
        /// Another process uses this data folder or this port.
        public static let inUse = Code(name: "inUse")
        /// The mesh refused, or nobody of it answered.
        public static let mesh = Code(name: "mesh")
        /// Nobody of the mesh answered in time.
        public static let unreachable = Code(name: "unreachable")
        /// What was asked for does not exist.
        public static let notFound = Code(name: "notFound")
        /// A file that was given cannot be taken; nothing was stored.
        public static let badInput = Code(name: "badInput")
        /// Bytes do not match what names or signs them.
        public static let corrupt = Code(name: "corrupt")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
