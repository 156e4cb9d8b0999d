import Content
import Core

/// A small DAG made by hand, block by block.
struct TestSite {
    private(set) var blocks: [CID: [UInt8]] = [:]
    /// Raw leaves in the order in which they were made.
    private(set) var leaves: [(CID, [UInt8])] = []

    /// A file of raw leaves of `chunk` bytes; of one leaf if it fits.
    mutating func file(_ bytes: [UInt8], chunk: Int = 1 << 20) -> CID {
        guard bytes.count > chunk else { return leaf(bytes) }
        var links: [DAGPBLink] = []
        var data = UnixFSData(kind: .file, fileSize: UInt64(bytes.count))
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            let part = Array(bytes[start..<min(start + chunk, bytes.count)])
            links.append(DAGPBLink(cid: leaf(part), name: "", tsize: UInt64(part.count)))
            data.blockSizes.append(UInt64(part.count))
        }
        return node(links, data)
    }

    mutating func directory(_ entries: [(String, CID)]) -> CID {
        let links = entries.sorted { Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8)) }
            .map { DAGPBLink(cid: $0.1, name: $0.0, tsize: UInt64(blocks[$0.1]?.count ?? 0)) }
        return node(links, UnixFSData(kind: .directory))
    }

    mutating func symlink(to target: String) -> CID {
        node([], UnixFSData(kind: .symlink, data: Array(target.utf8)))
    }

    mutating func leaf(_ bytes: [UInt8]) -> CID {
        let cid = CID(hashing: bytes, codec: .raw)
        if blocks.updateValue(bytes, forKey: cid) == nil { leaves.append((cid, bytes)) }
        return cid
    }

    mutating func other(_ bytes: [UInt8], codec: CID.Codec) -> CID {
        let cid = CID(hashing: bytes, codec: codec)
        blocks[cid] = bytes
        return cid
    }

    private mutating func node(_ links: [DAGPBLink], _ data: UnixFSData) -> CID {
        other(DAGPBNode(links: links, data: data.encoded).encoded, codec: .dagPB)
    }

    /// Bytes in which no two runs of a leaf's length are the same; quick also for many MiB.
    static func pattern(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0x5A, count: count)
        for position in stride(from: 0, to: count, by: count > 1 << 20 ? 1_009 : 1) {
            bytes[position] = UInt8(truncatingIfNeeded: (position &* 2_654_435_761) >> 11)
        }
        for position in stride(from: 0, to: count - 4, by: 65_536) {
            for byte in 0..<4 { bytes[position + byte] = UInt8(truncatingIfNeeded: position >> (8 * byte + 8)) }
        }
        return bytes
    }
}
