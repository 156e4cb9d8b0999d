import Core
import Testing

@Suite struct SplitMix64Tests {
    /// Seed 1234567 from Rosetta Code, "Pseudo-random numbers/Splitmix64"; seed 0 from the Java `SplittableRandom`.
    @Test(
        arguments: [
            (
                1_234_567,
                [
                    6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                    4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
                ]
            ),
            (0, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]),
        ] as [(UInt64, [UInt64])]
    )
    func seed_isKnown_givesTheKnownSequence(seed: UInt64, sequence: [UInt64]) {
        var rng = SplitMix64(seed: seed)
        #expect(sequence.map { _ in rng.next() } == sequence)
    }

    @Test func generator_isCopied_continuesAlike() {
        var first = SplitMix64(seed: .max)
        _ = first.next()
        var second = first
        #expect((0..<10).map { _ in first.next() } == (0..<10).map { _ in second.next() })
    }

    @Test func ratio_ofNeverAndAlways_isObeyed() {
        var rng = SplitMix64(seed: 1)
        #expect(!(0..<1_000).contains { _ in Ratio.never.occurs(using: &rng) })
        #expect((0..<1_000).allSatisfy { _ in Ratio(7, in: 7).occurs(using: &rng) })
    }

    @Test func ratio_ofAQuarter_occursAboutAQuarterOfTheTime() {
        var rng = SplitMix64(seed: 2)
        let hits = (0..<10_000).count { _ in Ratio(1, in: 4).occurs(using: &rng) }
        #expect((2_300...2_700).contains(hits))
    }
}
