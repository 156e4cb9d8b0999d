import Core
import Decoders
import Foundation

/// The entry points of libFuzzer (llvm.org/docs/LibFuzzer.html); `scripts/fuzz` builds this with the engines alone.
///
/// An input is the number of a decoder, the number of one of its samples, and a payload that takes the place of the
/// sample's: so what is signed is changed before it is signed.
private enum Fuzz {
    static let targets: [DecoderTarget] = {
        do { return try DecoderTable.targets() } catch { preconditionFailure("no samples: \(error)") }
    }()

    static let headBytes = 2
    /// How often each decoder was run; libFuzzer calls from one thread.
    private nonisolated(unsafe) static var runs = targets.map { _ in 0 }
    private static let untouched: CInt = 70

    /// Says how often each decoder was run; ends the process with an error if one was not.
    static func report() {
        let counts = zip(targets.map(\.name), runs)
        print("runs of each decoder: " + counts.map { "\($0) \($1)" }.joined(separator: ", "))
        let silent = counts.filter { $1 == 0 }.map(\.0)
        guard !silent.isEmpty else { return }
        print("never run: " + silent.joined(separator: ", "))
        fflush(nil)
        _exit(untouched)
    }

    static func select(_ input: [UInt8]) -> (target: DecoderTarget, bytes: [UInt8])? {
        guard input.count >= headBytes else { return nil }
        let index = Int(input[0]) % targets.count
        let target = targets[index]
        runs[index] += 1
        let sample = target.samples[Int(input[1]) % target.samples.count]
        return (target, sample.bytes(around: Array(input.dropFirst(headBytes))))
    }

    /// Decodes; what is taken must be written and taken again as the same.
    static func run(_ target: DecoderTarget, _ bytes: [UInt8]) {
        guard case .success(let written?) = Result(catching: { try target.decode(bytes) }) else { return }
        guard case .success(let again?) = Result(catching: { try target.decode(written) }), again == written else {
            preconditionFailure("\(target.name): what was taken is not what it is written as")
        }
    }

    /// One file for each sample, from the golden vectors.
    static func writeCorpus(to folder: String) throws {
        for (number, target) in targets.enumerated() {
            for (place, sample) in target.samples.enumerated() {
                let name = target.name.replacing(" ", with: "-")
                let bytes = [UInt8(number), UInt8(place)] + sample.payload
                try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)-\(place)"))
            }
        }
    }
}

@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
    let environment = ProcessInfo.processInfo.environment
    do {
        if let folder = environment["HOLDFAST_FUZZ_CORPUS"] {
            try Fuzz.writeCorpus(to: folder)
            exit(0)
        }
        if let path = environment["HOLDFAST_FUZZ_SHOW"] {
            let input = Array(try Data(contentsOf: URL(filePath: path)))
            if let (target, bytes) = Fuzz.select(input) {
                print(target.name, Multibase.base16.encodeBare(bytes))
            }
            exit(0)
        }
        atexit { Fuzz.report() }
    } catch {
        print("fuzz: \(error)")
        exit(1)
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let (target, bytes) = Fuzz.select(Array(UnsafeBufferPointer(start: data, count: count))) else { return 0 }
    Fuzz.run(target, bytes)
    return 0
}

@_silgen_name("LLVMFuzzerMutate")
private func mutateBytes(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ countMax: Int) -> Int

/// Half of the changes are libFuzzer's, which follow what the code compares; half know CBOR.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ countMax: Int, _ seed: UInt32) -> Int {
    guard count >= Fuzz.headBytes, seed % 2 == 0 else { return mutateBytes(data, count, countMax) }
    var rng = SplitMix64(seed: UInt64(seed))
    let input = UnsafeBufferPointer(start: data, count: count)
    let payload = Mutation.mutate(Array(input.dropFirst(Fuzz.headBytes)), using: &rng)
    let mutant = Array(input.prefix(Fuzz.headBytes)) + payload
    let length = min(mutant.count, countMax)
    _ = UnsafeMutableBufferPointer(start: data, count: countMax).update(fromContentsOf: mutant.prefix(length))
    return length
}
