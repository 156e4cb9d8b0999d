import Content
import Core
import Exchange
import NIOCore
import Synchronization
import Transport

/// A way in which a node does not send what it was asked for.
enum Fault: String, CaseIterable, Sendable {
    case bitFlipped, strayBlock, otherContent, repeatedBlock, truncated, garbage, oversizedHeader, endless
    case empty, notFound, serverError, brokenOff, dripping, silent
    /// Sends half of what it is asked for and then nothing: slow, but it gets on.
    case pausing
    case none

    static let all = allCases.filter { $0 != .none && $0 != .pausing }

    /// Whether an honest node could never have answered so.
    var isLie: Bool {
        switch self {
        case .bitFlipped, .strayBlock, .otherContent, .repeatedBlock, .truncated, .garbage, .oversizedHeader, .endless:
            true
        case .empty, .notFound, .serverError, .brokenOff, .dripping, .silent, .pausing, .none: false
        }
    }
}

/// A node that has what it is asked for, or says so, and answers with a fault.
final class FaultyPeer: PeerRequestHandling {
    let fault: Fault
    let key: SigningKey<NodeRole>
    let server: PeerServer
    /// Happens when an endless answer is cut off by the one who asked.
    let cutOff: AsyncStream<Void>
    private let cutOffInput: AsyncStream<Void>.Continuation
    private let content = Mutex<[CID: Block]>([:])
    private let asked = Atomic<Int>(0)

    var id: NodeID { key.id }
    var address: String { server.address.description }
    /// How often blocks were asked for.
    var askedCount: Int { asked.load(ordering: .relaxed) }

    init(_ fault: Fault, number: UInt64) async throws {
        self.fault = fault
        key = signingKey(number)
        server = try await PeerServer.bind(
            to: PeerAddress("127.0.0.1:0"),
            identity: NodeIdentity(key: key),
            group: loops,
            logger: quiet
        )
        (cutOff, cutOffInput) = AsyncStream.makeStream()
    }

    func take(_ blocks: [Block]) {
        content.withLock { content in for block in blocks { content[block.cid] = block } }
    }

    func handle(_ request: PeerRequest) async throws -> PeerResponse {
        let blocks: [Block]
        switch try ExchangeRequest.decode(path: request.path, body: Array(buffer: request.body)) {
        case .have(let cids):
            return .ok(ByteBuffer(bytes: Availability(cids.map { _ in true }).encoded))
        case .blocks(let cids):
            blocks = content.withLock { content in cids.compactMap { content[$0] } }
        case .entity(let root, let path, _):
            blocks = try entity(root, path)
        default:
            return .failure(404, "no")
        }
        asked.add(1, ordering: .relaxed)
        return try await answer(blocks)
    }

    private struct Unknown: Error {}

    private func entity(_ root: CID, _ path: [String]) throws -> [Block] {
        let content = content.withLock { $0 }
        var blocks: [Block] = []
        try TrustlessSelection(root: root, path: path, scope: .entity).blocks(
            read: { cid in
                guard let block = content[cid] else { throw Unknown() }
                return block.bytes
            },
            visit: { cid in if let block = content[cid] { blocks.append(block) } }
        )
        return blocks
    }

    private func answer(_ blocks: [Block]) async throws -> PeerResponse {
        let honest = Self.archive(blocks)
        let other = try SampleSite(.max)
        switch fault {
        case .none: return .bytes(honest)
        case .bitFlipped: return .bytes(honest.dropLast() + honest.suffix(1).map { $0 ^ 1 })
        case .strayBlock: return .bytes(Self.archive([other.blocks[0]] + blocks))
        case .otherContent: return .bytes(Self.archive(other.blocks.reversed()))
        case .repeatedBlock: return .bytes(Self.archive(Array(blocks.prefix(1) + Array(blocks.prefix(1)))))
        case .truncated: return .bytes(honest.dropLast(10))
        case .garbage: return .bytes((0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) })
        case .oversizedHeader: return .bytes([0xFF, 0xFF, 0xFF, 0xFF, 0x7F] + honest)
        case .endless: return endless()
        case .empty: return .bytes(Self.archive([]))
        case .notFound: return .failure(404, "it is not here")
        case .serverError: return .failure(500, "it broke")
        case .brokenOff:
            return PeerResponse(
                body: .stream { writer in
                    try await writer.write(ByteBuffer(bytes: honest.dropLast(10)))
                    throw Unknown()
                }
            )
        case .dripping:
            return PeerResponse(
                body: .stream { writer in
                    // The bytes are right, only that there are a few each second.
                    for byte in honest {
                        try await writer.write(ByteBuffer(bytes: [byte]))
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
            )
        case .pausing:
            let half = Self.archive(Array(blocks.prefix((blocks.count + 1) / 2)))
            return PeerResponse(
                body: .stream { writer in
                    try await writer.write(ByteBuffer(bytes: half))
                    for await _ in AsyncStream<Void>.makeStream().stream {}
                }
            )
        case .silent:
            for await _ in AsyncStream<Void>.makeStream().stream {}
            return .failure(503, "it was given up")
        }
    }

    /// Well-made blocks that nobody asked for, each another one.
    private func endless() -> PeerResponse {
        PeerResponse(
            body: .stream { writer in
                defer { self.cutOffInput.finish() }
                try await writer.write(ByteBuffer(bytes: Self.archive([])))
                var bytes = [UInt8](repeating: 7, count: 1 << 20)
                for number in 0..<Int.max {
                    for place in 0..<8 { bytes[place] = UInt8(truncatingIfNeeded: number >> (8 * place)) }
                    let block = Block(hashing: bytes, codec: .raw)
                    try await writer.write(
                        ByteBuffer(bytes: CARWriter.sectionHead(block.cid, dataCount: bytes.count) + bytes)
                    )
                }
            }
        )
    }

    static func archive(_ blocks: [Block]) -> [UInt8] {
        let root = blocks.first?.cid ?? CID(hashing: [], codec: .raw)
        return blocks.reduce(CARHeader(root: root).encoded) { bytes, block in
            bytes + CARWriter.sectionHead(block.cid, dataCount: block.bytes.count) + block.bytes
        }
    }
}

extension PeerResponse {
    fileprivate static func bytes(_ bytes: [UInt8]) -> PeerResponse { .ok(ByteBuffer(bytes: bytes)) }
}
