import Core
import GoldenVectors
import Namespace
import Owners
import Testing

@Suite struct PartTests {
    @Test func part_v1_decodesVector() throws {
        let part = try NamespacePart(manyKinds())
        let vector = try Vectors.bytes("part-v1", or: part.encoded())
        #expect(try NamespacePart(decoding: vector) == part)
        #expect(try part.encoded() == vector)
        #expect(part.entryCount == 7)
        #expect(part.firstName?.text == "a")
        #expect(part.lastName?.text == "été/☃")
    }

    @Test func entries_ofALaterVersion_areKeptAsTheyCame() throws {
        let later = CBOR.array([
            .unsigned(1), .bytes(deviceID(1).bytes), .array([]),
            .array([
                .array([
                    .text("a"), .unsigned(9), .unsigned(0), .unsigned(99), .unsigned(0), .unsigned(0), .unsigned(0),
                    .unsigned(3), .unsigned(0), .map(["new": .bool(true)]), .text("more"), .unsigned(5),
                ])
            ]),
        ]).encoded()
        let bytes = withUnsafeBytes(of: UInt32(later.count).bigEndian) { Array($0) } + later
        let part = try NamespacePart(decoding: bytes)
        #expect(part.entries[0].content == .unknown(kind: 99, .map(["new": .bool(true)])))
        #expect(try part.encoded() == bytes)
        #expect(!SegmentUse(NamespaceView(merging: [part.entries]), roots: []).isComplete)
    }

    @Test func manyEntries_areCutIntoChunksAndReadBack() throws {
        let entries = try (0..<5_000).map { number in
            let digits = String(number)
            return try entry("f/" + String(repeating: "0", count: 6 - digits.count) + digits, UInt64(number + 1))
        }
        let bytes = try NamespacePart(entries).encoded()
        #expect(try NamespacePart(decoding: bytes).entries == entries)
        var rest = bytes[...]
        var counts: [Int] = []
        while let chunk = try NamespacePart.readChunk(from: &rest) { counts.append(chunk.count) }
        #expect(counts == [1_024, 1_024, 1_024, 1_024, 904])
    }

    @Test func largestObjects_fitTheirChunks() throws {
        let extents = try (0..<SealedObject.extentsMax).map { number in
            try Extent(segment: segment(number, paddedBytes: 67_108_864), offset: 0, byteCount: 67_108_864)
        }
        let huge = try SealedObject(key: Array(repeating: 1, count: 32), extents: extents)
        let entries = try ["a", "b", "c"].map { try entry($0, 1, content: .object(huge)) }
        let bytes = try NamespacePart(entries).encoded()
        #expect(try NamespacePart(decoding: bytes).entries == entries)
        #expect(throws: NamespaceError.self) {
            try SealedObject(key: huge.key, extents: extents + [extents[0]])
        }
    }

    @Test func parts_unsortedMixedOrEmpty_areRefused() throws {
        let (first, second) = (try entry("a", 1), try entry("b", 2))
        #expect(throws: NamespaceError.self) { try NamespacePart([]) }
        #expect(throws: NamespaceError.self) { try NamespacePart([second, first]) }
        #expect(throws: NamespaceError.self) { try NamespacePart([first, first]) }
        #expect(throws: NamespaceError.self) { try NamespacePart([first, entry("c", 3, device: 2)]) }
        #expect(throws: NamespaceError.self) { try NamespacePart(decoding: []) }
        let swapped = try NamespacePart([second]).encoded() + NamespacePart([first]).encoded()
        #expect(throws: NamespaceError.self) { try NamespacePart(decoding: swapped) }
    }

    @Test func hostileBytes_asPart_throwOrDecodeToSomethingValid() throws {
        let good = try NamespacePart(manyKinds()).encoded()
        for cut in 0..<good.count {
            #expect(throws: NamespaceError.self) { try NamespacePart(decoding: Array(good.prefix(cut))) }
        }
        var rng = SplitMix64(seed: 3)
        for _ in 0..<5_000 {
            var bad = good
            for _ in 0..<Int.random(in: 1...3, using: &rng) {
                bad[Int.random(in: 0..<bad.count, using: &rng)] = UInt8.random(in: .min ... .max, using: &rng)
            }
            guard let part = try? NamespacePart(decoding: bad) else { continue }
            #expect(try NamespacePart(decoding: part.encoded()) == part)
        }
        for _ in 0..<2_000 {
            let noise = (0..<Int.random(in: 0..<200, using: &rng)).map { _ in
                UInt8.random(in: .min ... .max, using: &rng)
            }
            _ = try? NamespacePart(decoding: noise)
        }
        #expect(throws: NamespaceError.self) { try NamespacePart(decoding: [0xFF, 0xFF, 0xFF, 0xFF, 0x9B]) }
    }

    @Test func values_outsideOfTheirLimits_areRefused() throws {
        #expect(throws: NamespaceError.self) { try segment(1, paddedBytes: 67_108_865) }
        #expect(throws: NamespaceError.self) { try Extent(segment: segment(1), offset: 1, byteCount: 1_000_000) }
        #expect(throws: NamespaceError.self) { try Extent(segment: segment(1), offset: .max, byteCount: .max) }
        #expect(throws: NamespaceError.self) { try entry("a", 3, base: 3) }
        #expect(throws: NamespaceError.self) { try entry("a", .max) }
        #expect(throws: NamespaceError.self) { try entry("a", 1, content: .inline(Array(repeating: 0, count: 257))) }
        #expect(throws: NamespaceError.self) { try entry("a", 1, content: .symlink(target: "")) }
    }
}
