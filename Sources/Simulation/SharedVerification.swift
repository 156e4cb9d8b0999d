import Core
import Mesh
import Synchronization

/// Verifies each record once for all nodes of a simulation; the answer is the same for all by definition.
///
/// Without it a change in a mesh of 10,000 nodes is 20,000 verifications of the same two signatures.
public final class SharedVerification: RecordDecoding {
    private enum Seen<Record: Sendable>: Sendable {
        case good(Record)
        case bad(MeshError)
    }

    private struct Memory {
        var admissions: [[UInt8]: Seen<AdmissionRecord>] = [:]
        var nodes: [[UInt8]: Seen<NodeRecord>] = [:]
    }

    /// Most records of a kind that are remembered; when they are more, all are forgotten.
    static let recordsMax = 65_536

    private let memory = Mutex(Memory())

    public init() {}

    public func admission(_ bytes: [UInt8]) throws(MeshError) -> AdmissionRecord {
        try answer(memory.withLock { $0.admissions[bytes] }) { () throws(MeshError) in
            try AdmissionRecord(decoding: bytes)
        } keep: { seen in
            memory.withLock {
                if $0.admissions.count >= Self.recordsMax { $0.admissions = [:] }
                $0.admissions[bytes] = seen
            }
        }
    }

    public func node(_ bytes: [UInt8]) throws(MeshError) -> NodeRecord {
        try answer(memory.withLock { $0.nodes[bytes] }) { () throws(MeshError) in
            try NodeRecord(decoding: bytes)
        } keep: { seen in
            memory.withLock {
                if $0.nodes.count >= Self.recordsMax { $0.nodes = [:] }
                $0.nodes[bytes] = seen
            }
        }
    }

    private func answer<Record: Sendable>(
        _ seen: Seen<Record>?,
        decode: () throws(MeshError) -> Record,
        keep: (Seen<Record>) -> Void
    ) throws(MeshError) -> Record {
        switch seen {
        case .good(let record): return record
        case .bad(let error): throw error
        case nil:
            do throws(MeshError) {
                let record = try decode()
                keep(.good(record))
                return record
            } catch {
                keep(.bad(error))
                throw error
            }
        }
    }
}
