import Core
import Namespace
import Testing

/// Objects with a key for each of their segments.
struct RekeyingTests {
    private func extents(_ count: Int) throws -> [Extent] {
        try (0..<count).map {
            try Extent(segment: segment($0, paddedBytes: 67_108_864), offset: 0, byteCount: 67_108_864)
        }
    }

    private func key(_ number: Int) -> [UInt8] { Digest(hashing: Array("key \(number)".utf8)).bytes }

    @Test func keys_ofAnObject_areReadBack() throws {
        let object = try SealedObject(
            key: key(0),
            rekeyings: [.init(firstRecord: 1_024, key: key(1)), .init(firstRecord: 2_048, key: key(2))],
            extents: extents(3)
        )
        let entries = [try entry("a", 1, content: .object(object))]
        #expect(try NamespacePart(decoding: NamespacePart(entries).encoded()).entries == entries)
    }

    @Test func largestObjects_withAllTheirKeys_fitTheirChunks() throws {
        let count = SealedObject.extentsMax
        let rekeyings = (1..<count).map { SealedObject.Rekeying(firstRecord: UInt64($0) * 1_024, key: key($0)) }
        let huge = try SealedObject(key: key(0), rekeyings: rekeyings, extents: extents(count))
        let entries = try ["a", "b", "c"].map { try entry($0, 1, content: .object(huge)) }
        #expect(try NamespacePart(decoding: NamespacePart(entries).encoded()).entries == entries)
    }

    @Test func keys_outOfOrderOrOfWrongLength_areRefused() throws {
        for firsts: [UInt64] in [[0], [5, 5], [6, 5]] {
            #expect(throws: NamespaceError.self, "\(firsts)") {
                try SealedObject(
                    key: key(0),
                    rekeyings: firsts.map { .init(firstRecord: $0, key: key(1)) },
                    extents: extents(1)
                )
            }
        }
        #expect(throws: NamespaceError.self) {
            try SealedObject(
                key: key(0),
                rekeyings: [.init(firstRecord: 1, key: [1])],
                extents: extents(1)
            )
        }
    }
}
