import Core
import Objects
import Testing

@Suite struct PieceTreeTests {
    /// The leaves and roots of the reference tests of Certificate Transparency.
    static let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57], Array(0x60...0x6F),
    ]
    static let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test func root_ofReferenceLeaves_isKnown() {
        let hashes = Self.leaves.map { $0.withUnsafeBytes { PieceTree.leafHash(of: $0) } }
        for (count, root) in zip(1..., Self.roots) {
            #expect(Multibase.base16.encodeBare(PieceTree.root(unitHashes: Array(hashes.prefix(count))).bytes) == root)
        }
    }

    @Test(arguments: [1, 5, 1_023, 1_024, 1_025, 2_048, 26_215, 65_535, 65_536, 65_537, 100_000, 327_680, 400_001])
    func root_overUnits_isTheRootOverLeaves(byteCount: Int) {
        var rng = SplitMix64(seed: UInt64(byteCount))
        let piece = randomBytes(byteCount, &rng)
        let units = stride(from: 0, to: byteCount, by: 65_536).map { first in
            piece[first..<min(first + 65_536, byteCount)].withUnsafeBytes { PieceTree.unitHash(of: $0) }
        }
        let leaves = stride(from: 0, to: byteCount, by: 1_024).map { piece[$0..<min($0 + 1_024, byteCount)] }
        #expect(PieceTree.root(unitHashes: units) == Self.definition(leaves[...]))
    }

    @Test func root_ofNothing_isTheEmptyHash() {
        #expect(PieceTree.root(unitHashes: []) == Digest(hashing: []))
        #expect(PieceTree.unitHash(of: UnsafeRawBufferPointer(start: nil, count: 0)) == Digest(hashing: []))
    }

    @Test func root_ofChangedOrSwappedUnits_differs() {
        let units = (0..<5).map(digest)
        let root = PieceTree.root(unitHashes: units)
        #expect(PieceTree.root(unitHashes: [units[1], units[0]] + units[2...]) != root)
        #expect(PieceTree.root(unitHashes: units.dropLast()) != root)
        #expect(PieceTree.root(unitHashes: units + [units[4]]) != root)
    }

    /// RFC 6962 section 2.1 as it is written.
    private static func definition(_ leaves: ArraySlice<ArraySlice<UInt8>>) -> Digest {
        if leaves.count == 1, let leaf = leaves.first { return Digest(hashing: [0x00] + Array(leaf)) }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        let left = definition(leaves.prefix(split))
        let right = definition(leaves.dropFirst(split))
        return Digest(hashing: [0x01] + left.bytes + right.bytes)
    }
}
