import Core
import Exchange
import Logging
import Mesh
import NIOCore
import Publishing
import Synchronization
import Transport

/// Takes requests to hold a site and answers each when the copy is durable, refused or failed.
///
/// The answer is a stream: a zero byte each second while the copy is being made, then `1` when it is
/// durable, or `2` and the reason.
package final class HoldDesk: Sendable {
    /// Requests that wait at once.
    package static let waitingMax = 256
    static let heartbeat = Duration.seconds(1)

    enum Answer: Sendable {
        case held
        case refused(String)
    }

    private struct Waiting {
        let publisher: PublisherID
        let sequence: UInt64
        let answer: AsyncStream<Answer>.Continuation
    }

    private let mesh: MeshService
    private let waiting = Mutex<[UInt64: Waiting]>([:])
    private let next = Atomic<UInt64>(0)

    package init(mesh: MeshService) {
        self.mesh = mesh
    }

    package func response(to publication: [UInt8], from peer: NodeID) -> PeerResponse {
        let record: PublicationRecord
        do {
            record = try judge(publication)
        } catch {
            return .failure(403, "\(error)")
        }
        let site = record.publication
        let (answers, input) = AsyncStream.makeStream(of: Answer.self, bufferingPolicy: .bufferingOldest(1))
        let number = next.add(1, ordering: .relaxed).newValue
        let isFull = waiting.withLock { waiting in
            guard waiting.count < Self.waitingMax else { return true }
            waiting[number] = Waiting(publisher: site.publisher, sequence: site.sequence, answer: input)
            return false
        }
        guard !isFull else { return .failure(503, "too many sites are being copied here; ask again later") }
        mesh.repair { repair, now in repair.publicationChanged(site, now: now) }
        mesh.repair { repair, now in repair.holdRequested(site.publisher, by: peer, now: now) }
        settle(site.publisher, failure: nil)
        return PeerResponse(
            body: .stream { writer in
                defer { self.waiting.withLock { _ = $0.removeValue(forKey: number) } }
                try await Self.write(answers, to: writer)
            }
        )
    }

    /// Something happened to this node's copy of a site: answers whoever waits for it.
    package func settle(_ publisher: PublisherID, failure: String?) {
        let held = mesh.read { state in
            waiting.withLock { waiting in
                waiting.filter { $0.value.publisher == publisher }
                    .mapValues { state.repair.holds(publisher, sequence: $0.sequence) }
            }
        }
        waiting.withLock { waiting in
            for (number, isHeld) in held {
                if isHeld {
                    waiting.removeValue(forKey: number)?.answer.yield(.held)
                } else if let failure {
                    waiting.removeValue(forKey: number)?.answer.yield(.refused(failure))
                }
            }
        }
    }

    private func judge(_ bytes: [UInt8]) throws -> PublicationRecord {
        try mesh.read { state in
            let judged = try RecordJudge.judge(
                .publication,
                bytes,
                mesh: state.mesh.mesh,
                now: state.mesh.meshNow(Clock.now()),
                operatorOf: state.mesh.operatorOf,
                isAdmitted: state.mesh.isAdmitted
            )
            guard case .publication(let record) = judged.content else {
                throw NodeError(.mesh, "this is no publication")
            }
            return record
        }
    }

    private static func write(_ answers: AsyncStream<Answer>, to writer: PeerResponseWriter) async throws {
        try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask {
                for await answer in answers { return answer }
                return .refused("this node is stopping")
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: heartbeat)
                    try await writer.write(ByteBuffer(bytes: [0]))
                }
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let answer = first else { return }
            switch answer {
            case .held: try await writer.write(ByteBuffer(bytes: [1]))
            case .refused(let reason):
                try await writer.write(ByteBuffer(bytes: [2] + Array(reason.utf8.prefix(HoldAnswer.reasonBytesMax))))
            }
        }
    }
}
