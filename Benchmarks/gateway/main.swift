import Core
import Gateway
import NIOCore
import NIOPosix

struct NoSource: ContentSource {
    func localBlock(_ cid: CID) throws -> ByteBuffer? { nil }
    func fetchEntity(root: CID, path: [String], bytes: ClosedRange<UInt64>?) async throws(ContentUnavailable) {}
    func fetchBlocks(_ cids: [CID], under root: CID) async throws(ContentUnavailable) {}
    func extents(of leaves: [CID]) throws -> [FileExtent]? { nil }
    func resolve(_ name: PublisherID) async -> NameResolution? { nil }
    func isLocalRoot(_ cid: CID) -> Bool { false }
}
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let server = try await GatewayServer(configuration: .init(host: "127.0.0.1", port: 8099), source: NoSource(), group: group)
print(try await server.start())
try await server.run()
