import Core
import Decoders
import Foundation
import Testing

/// Every decoder of bytes from outside under thousands of changed inputs: refused or taken, never the end of the process.
struct DecoderTests {
    /// Mutants of each decoder; a signature takes most of their time.
    private static let mutants = 1_500
    /// Longer samples are cut off at so many places, spread evenly.
    private static let cutsMax = 600

    private static let targets: [DecoderTarget] = {
        do { return try DecoderTable.targets() + AdapterTargets.targets() } catch {
            preconditionFailure("the samples cannot be made: \(error)")
        }
    }()

    private static var names: [String] { targets.map(\.name) }

    private func target(_ name: String) throws -> DecoderTarget {
        try #require(Self.targets.first { $0.name == name })
    }

    /// What was taken is written and taken again as the same.
    private func take(_ bytes: [UInt8], _ target: DecoderTarget, _ replay: @autoclosure () -> Comment) {
        guard case .success(let written?) = Result(catching: { try target.decode(bytes) }) else { return }
        do {
            let again = try target.decode(written)
            #expect(again == written, replay())
        } catch {
            Issue.record("\(replay()): what was taken is refused when it is written: \(error)")
        }
    }

    @Test(arguments: names)
    func sample_isTaken(name: String) throws {
        let target = try target(name)
        #expect(!target.samples.isEmpty)
        for (number, sample) in target.samples.enumerated() {
            do { _ = try target.decode(sample.bytes) } catch { Issue.record("sample \(number) of \(name): \(error)") }
            take(sample.bytes, target, "sample \(number) of \(name)")
        }
    }

    @Test(arguments: names)
    func sample_cutOff_endsNothing(name: String) throws {
        let target = try target(name)
        for sample in target.samples {
            let (bytes, payload) = (sample.bytes, sample.payload)
            for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / Self.cutsMax)) {
                take(Array(bytes.prefix(length)), target, "\(name) cut off at \(length)")
            }
            for length in stride(from: 0, to: payload.count, by: max(1, payload.count / Self.cutsMax)) {
                let cut = sample.bytes(around: Array(payload.prefix(length)))
                take(cut, target, "the payload of \(name) cut off at \(length)")
            }
        }
    }

    @Test(arguments: names)
    func sample_changed_endsNothing(name: String) throws {
        let target = try target(name)
        var rng = SplitMix64(seed: 1)
        for number in 0..<Self.mutants {
            let sample = target.samples[number % target.samples.count]
            let mutant = sample.bytes(around: Mutation.mutate(sample.payload, using: &rng))
            take(mutant, target, "mutant \(number) of \(name): \(Multibase.base16.encodeBare(mutant.prefix(2_000)))")
        }
    }

    @Test(arguments: names)
    func earlierFinding_decoded_endsNothing(name: String) throws {
        let target = try target(name)
        for bytes in try DecoderTable.crashes(of: name) { take(bytes, target, "an earlier finding of \(name)") }
    }

    @Test func decoders_ofTheSources_areAllInTheTable() throws {
        let known = Set(Self.names.map { $0.split(separator: " ")[0] })
            .union(SourceDecoders.elsewhere.keys.map { $0[...] })
        let found = try SourceDecoders.types()
        #expect(found.count > 40)
        for (type, path) in found.sorted(by: { $0.key < $1.key }) {
            #expect(known.contains(type[...]), "\(type) in \(path) decodes; add it to Tests/Decoders/DecoderTable")
        }
        for type in SourceDecoders.elsewhere.keys { #expect(found[type] != nil, "\(type) decodes nothing any more") }
    }
}
