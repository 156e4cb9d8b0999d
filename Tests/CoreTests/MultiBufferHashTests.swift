import Core
import Testing

@Suite struct MultiBufferHashTests {
    /// Around the bounds of a block of SHA-256 and of its padding, and of the counts that registers take at once.
    @Test(arguments: [0, 1, 31, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1_024, 1_025, 4_097])
    func digests_ofMessages_areThoseOfEachAlone(byteCount: Int) {
        var rng = SplitMix64(seed: UInt64(byteCount))
        for count in [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 300] {
            let messages = (0..<count * byteCount).map { _ in UInt8.random(in: 0...255, using: &rng) }
            let alone = (0..<count).map { Digest(hashing: messages[($0 * byteCount)..<(($0 + 1) * byteCount)]) }
            #expect(Self.hash(messages, each: byteCount, count) == alone, "\(count) messages of \(byteCount) bytes")
        }
    }

    @Test func digests_onManyThreads_areThoseOfEachAlone() async {
        await withTaskGroup(of: Bool.self) { group in
            for seed in UInt64(0)..<32 {
                group.addTask {
                    var rng = SplitMix64(seed: seed)
                    let messages = (0..<64 * 1_025).map { _ in UInt8.random(in: 0...255, using: &rng) }
                    let alone = (0..<64).map { Digest(hashing: messages[($0 * 1_025)..<(($0 + 1) * 1_025)]) }
                    return (0..<20).allSatisfy { _ in Self.hash(messages, each: 1_025, 64) == alone }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    private static func hash(_ messages: [UInt8], each byteCount: Int, _ count: Int) -> [Digest] {
        [Digest](unsafeUninitializedCapacity: count) { digests, initializedCount in
            messages.withUnsafeBytes {
                MultiBufferHash.hash($0, each: byteCount, into: UnsafeMutableBufferPointer(rebasing: digests[..<count]))
            }
            initializedCount = count
        }
    }
}
