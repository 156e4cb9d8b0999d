import Core
import NIOCore
import Namespace
import Objects

/// Reads ranges of an owner's segments: finds who holds them and asks again where what was remembered is not enough.
package struct SegmentFetch: Sendable {
    let search: SegmentSearch
    let reader: SegmentReader
    /// The owner's permission for this node; `nil` for what is public.
    let grant: [UInt8]?

    var work: BlockingWork { reader.work }

    /// - Throws: ``NodeError`` `.notFound` or `.mesh`; ``NamespaceError`` for a reference to no segment.
    func read(_ range: Range<Int>, of reference: SegmentReference) async throws -> ByteBuffer {
        let id = try SegmentID(reference.id.bytes)
        let code = try SegmentCode(dataCount: Int(reference.k), totalCount: Int(reference.n))
        let segment = try await search.find(id, code: code, grant: grant)
        guard range.upperBound <= segment.record.layout.paddedByteCount else {
            throw NodeError(.corrupt, "segment \(id) ends before byte \(range.upperBound)")
        }
        do {
            return try await reader.read(range, of: segment, grant: grant)
        } catch let error as NodeError where error.code == .mesh {
            // Holders may have changed since they were remembered: ask everybody once.
            search.forget(id)
            let again = try await search.find(id, code: code, grant: grant, everything: true)
            return try await reader.read(range, of: again, grant: grant)
        }
    }
}
