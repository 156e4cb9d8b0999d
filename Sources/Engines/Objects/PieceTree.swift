import Core

/// The Merkle tree that commits to a piece, with one hash for each of its units.
///
/// Leaves of 1 KiB, hashed with prefix 0x00; nodes hashed with prefix 0x01; split at the largest power of two below the
/// number of leaves. The 64 leaves of a full unit are a perfect subtree, so the tree over the units' hashes has the root of
/// the tree over all leaves. Source: RFC 6962 section 2.1.
public enum PieceTree {
    /// Bytes of a leaf; a piece's last may be shorter.
    public static let leafByteCount = 1_024
    /// Most leaves of a unit.
    public static let unitLeavesMax = SegmentLayout.unitBytesMax / leafByteCount

    private static let leafPrefix: UInt8 = 0x00
    private static let nodePrefix: UInt8 = 0x01

    /// The root of the tree over the leaves of one unit, at most 64 KiB.
    public static func unitHash(of region: UnsafeRawBufferPointer) -> Digest {
        precondition(region.count <= SegmentLayout.unitBytesMax, "a unit has no \(region.count) bytes")
        let fullCount = region.count / leafByteCount
        let full = UnsafeRawBufferPointer(rebasing: region[..<(fullCount * leafByteCount)])
        let rest = UnsafeRawBufferPointer(rebasing: region[(fullCount * leafByteCount)...])
        return withUnsafeTemporaryAllocation(of: Digest.self, capacity: unitLeavesMax) { level in
            hash(full, each: leafByteCount, prefix: leafPrefix, into: level)
            guard !rest.isEmpty else { return fold(level, fullCount) }
            level.initializeElement(at: fullCount, to: leafHash(of: rest))
            return fold(level, fullCount + 1)
        }
    }

    /// The root of a piece whose units have these hashes, in order.
    public static func root(unitHashes: [Digest]) -> Digest {
        var level = unitHashes
        return level.withUnsafeMutableBufferPointer { fold($0, $0.count) }
    }

    /// The hash of one leaf.
    package static func leafHash(of region: UnsafeRawBufferPointer) -> Digest {
        // One piece of memory is hashed in one go: a byte before the leaf would shift every block of it.
        withUnsafeTemporaryAllocation(byteCount: 1 + region.count, alignment: 64) { message in
            message[0] = leafPrefix
            UnsafeMutableRawBufferPointer(rebasing: message[1...]).copyMemory(from: region)
            return Digest(hashing: UnsafeRawBufferPointer(message))
        }
    }

    /// The root over the first `count` nodes of `level`, whose memory it uses up.
    ///
    /// Pairing neighbours and handing a lone last one up gives the shape that RFC 6962 defines from the top.
    private static func fold(_ level: UnsafeMutableBufferPointer<Digest>, _ count: Int) -> Digest {
        guard count > 0 else { return Digest(hashing: []) }
        var count = count
        while count > 1 {
            let pairs = UnsafeRawBufferPointer(start: level.baseAddress, count: count / 2 * 2 * Digest.byteCount)
            hash(pairs, each: 2 * Digest.byteCount, prefix: nodePrefix, into: level)
            if count % 2 == 1 { level[count / 2] = level[count - 1] }
            count = (count + 1) / 2
        }
        return level[0]
    }

    /// Hashes the parts of `region` that have `byteCount` bytes each, with a byte before each, into the first of `digests`,
    /// which may be where the parts lie.
    private static func hash(
        _ region: UnsafeRawBufferPointer,
        each byteCount: Int,
        prefix: UInt8,
        into digests: UnsafeMutableBufferPointer<Digest>
    ) {
        let count = region.count / byteCount
        // Each message is in one piece: a byte that came before it would shift every block.
        let stride = 1 + byteCount
        withUnsafeTemporaryAllocation(byteCount: count * stride, alignment: 64) { messages in
            for index in 0..<count {
                messages[index * stride] = prefix
                UnsafeMutableRawBufferPointer(rebasing: messages[(index * stride + 1)..<((index + 1) * stride)])
                    .copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: region[(index * byteCount)..<((index + 1) * byteCount)])
                    )
            }
            MultiBufferHash.hash(
                UnsafeRawBufferPointer(messages),
                each: stride,
                into: UnsafeMutableBufferPointer(rebasing: digests[..<count])
            )
        }
    }
}
