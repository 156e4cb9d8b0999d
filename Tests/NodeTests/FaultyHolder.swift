import Core
import NIOCore
import Node
import Objects
import Synchronization
import Transport

/// A way in which a holder does not give the piece that it said to hold.
enum HolderFault: String, CaseIterable, Sendable {
    case wrongBytes, otherUnits, otherPiece, otherSegment, wrongHashes, wrongLength
    case short, long, empty, garbage, endlessHead, endless
    case notFound, refused, serverError, brokenOff, silent

    /// Whether an honest node could never have answered so.
    var isLie: Bool {
        switch self {
        case .notFound, .refused, .serverError, .brokenOff, .silent: false
        default: true
        }
    }
}

/// A node that holds one piece of a segment, honestly (`nil`) or with a fault.
final class FaultyHolder: PeerRequestHandling {
    let fault: HolderFault?
    let key: SigningKey<NodeRole>
    let server: PeerServer
    private let segment: SampleSegment
    private let other: SampleSegment
    private let index: Int
    private let asked = Atomic<Int>(0)

    var address: String { server.address.description }
    /// How often units were asked for.
    var askedCount: Int { asked.load(ordering: .relaxed) }

    /// - Parameter other: A segment of the same shape, for the faults that mistake one for the other.
    init(
        _ fault: HolderFault?,
        number: UInt64,
        holding index: Int,
        of segment: SampleSegment,
        other: SampleSegment
    ) async throws {
        self.fault = fault
        self.index = index
        self.segment = segment
        self.other = other
        key = signingKey(number)
        server = try await PeerServer.bind(
            to: PeerAddress("127.0.0.1:0"),
            identity: NodeIdentity(key: key),
            group: loops,
            logger: quiet
        )
    }

    private struct BrokenOff: Error {}

    func handle(_ request: PeerRequest) async throws -> PeerResponse {
        guard request.path == PieceRead.path else { return .failure(404, "no") }
        let read = try PieceRead(decoding: Array(request.body.readableBytesView))
        asked.add(1, ordering: .relaxed)
        let honest = try answer(read.units)
        guard let fault else { return .ok(ByteBuffer(bytes: honest)) }
        switch fault {
        case .notFound: return .failure(404, "it is not here")
        case .refused: return .failure(403, "the owner did not permit it")
        case .serverError: return .failure(500, "it broke")
        case .endless: return Self.endless(honest)
        case .brokenOff:
            return PeerResponse(
                body: .stream { writer in
                    try await writer.write(ByteBuffer(bytes: honest.dropLast(10)))
                    throw BrokenOff()
                }
            )
        case .silent:
            for await _ in AsyncStream<Void>.makeStream().stream {}
            return .failure(503, "it was given up")
        default: return .ok(ByteBuffer(bytes: try lie(fault, honest, read.units)))
        }
    }

    private func lie(_ fault: HolderFault, _ honest: [UInt8], _ units: Range<Int>) throws -> [UInt8] {
        let count = segment.pieces.count
        switch fault {
        case .wrongBytes: return honest.dropLast() + honest.suffix(1).map { $0 ^ 1 }
        case .otherUnits: return try answer(units, bytes: Array(segment.pieces[index].reversed()))
        case .otherPiece: return try answer(units, piece: (index + 1) % count)
        case .otherSegment: return try answer(units, of: other)
        // Bytes and hashes belong together, only not to the segment.
        case .wrongHashes: return try answer(units, hashes: other, bytes: other.pieces[index])
        case .wrongLength: return try answer(units, byteCount: segment.record.layout.pieceByteCount - 1)
        case .short: return honest.dropLast(1)
        case .long: return honest + [0]
        case .garbage: return (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        case .endlessHead: return [0xFF, 0xFF, 0xFF, 0xFF] + honest
        default: return []
        }
    }

    /// Right bytes first, and then no end.
    private static func endless(_ honest: [UInt8]) -> PeerResponse {
        PeerResponse(
            body: .stream { writer in
                try await writer.write(ByteBuffer(bytes: honest))
                while true { try await writer.write(ByteBuffer(repeating: 7, count: 1 << 20)) }
            }
        )
    }

    private func answer(
        _ units: Range<Int>,
        of given: SampleSegment? = nil,
        piece: Int? = nil,
        hashes: SampleSegment? = nil,
        bytes: [UInt8]? = nil,
        byteCount: Int? = nil
    ) throws -> [UInt8] {
        let source = given ?? segment
        let layout = source.record.layout
        let content = source.pieces[piece ?? index]
        let head = try PieceReadHead(
            pieceByteCount: byteCount ?? layout.pieceByteCount,
            unitHashes: SampleSegment.hashes(of: hashes?.pieces[index] ?? content, layout)
        )
        let range = layout.unitRange(units.lowerBound).lowerBound..<layout.unitRange(units.upperBound - 1).upperBound
        return head.encoded + (bytes ?? content)[range]
    }
}
