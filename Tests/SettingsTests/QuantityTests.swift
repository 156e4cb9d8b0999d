import Settings
import Testing

struct QuantityTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("2s", .seconds(2)), ("10m", .seconds(600)), ("1h", .seconds(3_600)),
        ("90d", .seconds(7_776_000)),
    ])
    func duration_writtenShort_readsAndPrintsTheSame(text: String, duration: Duration) throws {
        #expect(try DurationText.parse(text) == duration)
        #expect(DurationText.format(duration) == text)
    }

    @Test(arguments: ["", "s", "-1s", "1.5s", "1 s", "99999999999999999999s", "9223372036854775807d", "١s"])
    func duration_writtenOtherwise_isRefused(text: String) {
        #expect(throws: SettingsError.self) { try DurationText.parse(text) }
    }

    @Test(arguments: [
        ("4096", 4_096), ("1kB", 1_000), ("512MiB", 512 << 20), ("50GB", 50_000_000_000), ("2 TB", 2_000_000_000_000),
        ("1gb", 1_000_000_000),
    ])
    func byteCount_withUnit_reads(text: String, bytes: Int) throws {
        #expect(try ByteCountText.parse(text) == bytes)
    }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1_000, "1.00 kB"), (12_345, "12.3 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"),
        (1_234_000_000, "1.23 GB"), (-5, "-5 B"),
    ])
    func byteCount_forPeople_hasThreeDigits(bytes: Int, text: String) {
        #expect(ByteCountText.format(bytes) == text)
    }

    @Test(arguments: [
        (1.005, 1, "1.0"), (0.05, 2, "0.05"), (12.999, 2, "13.00"), (-1.25, 1, "-1.3"), (3.0, 0, "3"),
    ])
    func decimal_rounded_keepsItsDigits(value: Double, decimals: Int, text: String) {
        #expect(ByteCountText.decimal(value, decimals) == text)
    }
}
