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
        return withUnsafeTemporaryAllocation(of: Digest.self, capacity: unitLeavesMax) { level in
            var count = 0
            var start = 0
            while start < region.count {
                let end = min(start + leafByteCount, region.count)
                level.initializeElement(
                    at: count,
                    to: leafHash(of: UnsafeRawBufferPointer(rebasing: region[start..<end]))
                )
                count += 1
                start = end
            }
            return fold(level, count)
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
            for pair in 0..<(count / 2) { level[pair] = nodeHash(level[2 * pair], level[2 * pair + 1]) }
            if count % 2 == 1 { level[count / 2] = level[count - 1] }
            count = (count + 1) / 2
        }
        return level[0]
    }

    private static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * Digest.byteCount, alignment: 64) { message in
            message[0] = nodePrefix
            message.storeBytes(of: left, toByteOffset: 1, as: Digest.self)
            message.storeBytes(of: right, toByteOffset: 1 + Digest.byteCount, as: Digest.self)
            return Digest(hashing: UnsafeRawBufferPointer(message))
        }
    }
}
