import Core
import Exchange
import NIOCore
import Objects
import Transport

/// Asks other nodes to store pieces, for pieces, and for what they know of segments.
package struct PieceClient: Sendable {
    /// How long a node may take to answer one part, one read, one question.
    static let answerTimeMax = Duration.seconds(15)
    /// How long the bytes of one read may take to arrive.
    static let bodyTimeMax = Duration.seconds(60)

    let client: PeerClient
    let mesh: MeshService
    /// Answers for this node itself, without a connection.
    let local: PieceDesk
    /// Who was asked and did not answer, a moment ago.
    let silent = SilentHolders()
    /// Nodes that are taken for lost, maybe this one too: nothing is asked of them.
    let absent: Set<NodeID>

    package init(client: PeerClient, mesh: MeshService, local: PieceDesk, absent: Set<NodeID> = []) {
        self.client = client
        self.mesh = mesh
        self.local = local
        self.absent = absent
    }

    /// Stores part of a piece.
    ///
    /// - Parameter part: An encoded ``StorePart``.
    /// - Throws: ``TransportError`` with the node's reason, ``ObjectsError`` for an answer that makes no sense.
    func store(_ part: ByteBuffer, at node: NodeID) async throws -> StoreAnswer {
        let answer = try await call(StorePart.path, part, at: node, answerBytesMax: StoreAnswer.bytesMax)
        return try StoreAnswer(decoding: Array(answer.readableBytesView))
    }

    /// Units of a piece, each verified against the segment's record.
    ///
    /// - Throws: ``TransportError``; ``ObjectsError`` `.mismatch` when the node sent something else.
    func read(_ read: PieceRead, of record: SegmentRecord, from node: NodeID) async throws -> ByteBuffer {
        let bytesMax = PieceReadHead.headerBytesMax + read.units.count * SegmentLayout.unitBytesMax + 4
        let answer = try await call(
            PieceRead.path,
            ByteBuffer(bytes: read.encoded),
            at: node,
            answerBytesMax: bytesMax
        )
        return try Self.verified(answer, read, record)
    }

    private static func verified(_ answer: ByteBuffer, _ read: PieceRead, _ record: SegmentRecord) throws -> ByteBuffer
    {
        let headMax = PieceReadHead.headerBytesMax + PieceFrame.lengthByteCount
        let start = Array(answer.readableBytesView.prefix(headMax))
        guard let (head, headCount) = try PieceReadHead.read(from: start) else {
            throw ObjectsError(.mismatch, "the answer ends inside its head")
        }
        try head.check(index: read.piece.index, of: record)
        var body = answer
        body.moveReaderIndex(forwardBy: headCount)
        let range =
            record.layout.unitRange(read.units.lowerBound)
            .lowerBound..<record.layout.unitRange(
                read.units.upperBound - 1
            ).upperBound
        guard body.readableBytes == range.count else {
            throw ObjectsError(.mismatch, "\(body.readableBytes) bytes came instead of \(range.count)")
        }
        let isRight = body.withUnsafeReadableBytes { bytes in
            read.units.allSatisfy { unit in
                let part = record.layout.unitRange(unit)
                let start = part.lowerBound - range.lowerBound
                return head.verifies(
                    UnsafeRawBufferPointer(rebasing: bytes[start..<(start + part.count)]),
                    asUnit: unit
                )
            }
        }
        guard isRight else { throw ObjectsError(.mismatch, "bytes of \(read.piece) are not what the segment says") }
        return body
    }

    /// What a node knows of segments that it holds; one entry for each that was asked about.
    func holders(_ request: HoldersRequest, at node: NodeID) async throws -> [HoldersAnswer.Known?] {
        let body = ByteBuffer(bytes: request.encoded)
        let answer = try await call(HoldersRequest.path, body, at: node, answerBytesMax: HoldersAnswer.bytesMax)
        return try HoldersAnswer(decoding: Array(answer.readableBytesView), count: request.segments.count).segments
    }

    /// Tells a node statements, tombstones and renewals, and learns what it has to say.
    func sync(_ message: SyncMessage, with node: NodeID) async throws -> SyncMessage {
        let body = ByteBuffer(bytes: message.encoded)
        let answer = try await call(SyncMessage.path, body, at: node, answerBytesMax: SyncMessage.bytesMax)
        return try SyncMessage(decoding: Array(answer.readableBytesView), as: .answer)
    }

    /// Tells everybody whom the statements name what all of them say, so that holders know each other.
    func introduce(_ statements: [PieceStatement], within limit: Duration) async {
        guard
            let message = try? SyncMessage(
                statements: Array(statements.map(\.bytes).prefix(SyncMessage.statementsMax)),
                tombstones: [],
                renewals: [],
                askingAbout: []
            )
        else { return }
        await tell(message, to: Set(statements.map(\.node)), within: limit)
    }

    /// Tells nodes at once; who does not answer in time learns it later from the others.
    func tell(_ message: SyncMessage, to nodes: Set<NodeID>, within limit: Duration) async {
        _ = try? await withDeadline(limit) {
            await withDiscardingTaskGroup { group in
                for node in nodes { group.addTask { _ = try? await self.sync(message, with: node) } }
            }
        }
    }

    private func call(_ path: String, _ body: ByteBuffer, at node: NodeID, answerBytesMax: Int) async throws
        -> ByteBuffer
    {
        guard !absent.contains(node) else { throw NodeError(.unreachable, "\(node.short) is taken for lost") }
        guard node != mesh.node else { return try await local.answer(path: path, body: body, from: node) }
        let answer = try await client.request(
            to: node,
            at: mesh.addresses(of: node),
            path: path,
            body: body,
            deadline: .now + Self.answerTimeMax,
            bodyDeadline: .now + Self.bodyTimeMax
        )
        return try await answer.collect(max: answerBytesMax)
    }
}
