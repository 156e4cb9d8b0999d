/// A node's own view of itself and of its mesh; `status --json` prints exactly these keys.
public struct NodeStatus: Codable, Hashable, Sendable {
    /// Members of the mesh, this node included.
    public struct Members: Codable, Hashable, Sendable {
        public var alive: Int
        public var known: Int

        public init(alive: Int, known: Int) {
            self.alive = alive
            self.known = known
        }
    }

    /// Whole copies of all sites of the mesh, on members that are alive.
    public struct Copies: Codable, Hashable, Sendable {
        public var live: Int
        public var target: Int

        public init(live: Int, target: Int) {
            self.live = live
            self.target = target
        }
    }

    /// Pieces of all segments of the mesh, on holders that are alive.
    public struct Pieces: Codable, Hashable, Sendable {
        public var live: Int
        public var target: Int

        public init(live: Int, target: Int) {
            self.live = live
            self.target = target
        }
    }

    /// Durable floors of the sites that are published from this node.
    public struct Floors: Codable, Hashable, Sendable {
        /// Sites whose floor is stored.
        public var stored: Int
        /// Sites published from this node.
        public var wanted: Int
        /// Why there is none for a site, the first that was found; a sentence for the user.
        public var reason: String?

        public init(stored: Int, wanted: Int, reason: String? = nil) {
            self.stored = stored
            self.wanted = wanted
            self.reason = reason
        }
    }

    /// Space in bytes.
    public struct Storage: Codable, Hashable, Sendable {
        public var used: Int
        /// What of `used` are pieces of segments.
        public var pieces: Int
        public var limit: Int
        public var cacheUsed: Int
        public var cacheLimit: Int

        public init(used: Int, pieces: Int = 0, limit: Int, cacheUsed: Int, cacheLimit: Int) {
            self.used = used
            self.pieces = pieces
            self.limit = limit
            self.cacheUsed = cacheUsed
            self.cacheLimit = cacheLimit
        }
    }

    /// `k51…` of the node.
    public var node: String
    /// `k51…` of its operator.
    public var `operator`: String
    /// CID of the mesh's genesis.
    public var mesh: String
    public var version: String
    public var uptimeSeconds: Int
    /// `ADDRESS:PORT` for other nodes.
    public var listen: String
    /// `ADDRESS:PORT` of the gateway.
    public var gateway: String
    public var members: Members
    public var copies: Copies
    /// Sites published on the mesh.
    public var sites: Int
    public var floors: Floors
    public var pieces: Pieces
    /// Pieces that are missing for full strength.
    public var debt: Int
    public var storage: Storage
    /// Counters since the start, by name.
    public var counters: [String: Int]

    public init(
        node: String,
        operator: String,
        mesh: String,
        version: String,
        uptimeSeconds: Int,
        listen: String,
        gateway: String,
        members: Members,
        copies: Copies,
        sites: Int,
        floors: Floors = Floors(stored: 0, wanted: 0),
        pieces: Pieces = Pieces(live: 0, target: 0),
        debt: Int = 0,
        storage: Storage,
        counters: [String: Int]
    ) {
        self.node = node
        self.operator = `operator`
        self.mesh = mesh
        self.version = version
        self.uptimeSeconds = uptimeSeconds
        self.listen = listen
        self.gateway = gateway
        self.members = members
        self.copies = copies
        self.sites = sites
        self.floors = floors
        self.pieces = pieces
        self.debt = debt
        self.storage = storage
        self.counters = counters
    }
}
