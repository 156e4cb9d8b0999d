import Control
import Core
import Glibc

/// A folder of small different files, for when the site has too few to ask each gateway for something new.
package enum GeneratedSite {
    private static let lineCounts = 12...160

    /// How many different files the readers need so that half of a minute's requests can be new to their gateway.
    package static func filesWanted(rate: Int, gateways: Int) -> Int { rate * 60 / 2 / gateways + 1 }

    /// Writes `count` files into `folder`, which is made.
    package static func write(count: Int, to folder: String, seed: UInt64) throws(ControlError) {
        var rng = SplitMix64(seed: seed)
        guard mkdir(folder, 0o755) == 0 else { throw failure(folder) }
        for index in 0..<count {
            let path = "\(folder)/page-\(index + 1).txt"
            guard let file = fopen(path, "we") else { throw failure(path) }
            for _ in 0..<Int.random(in: lineCounts, using: &rng) {
                let words = (0..<4).map { _ in
                    String(UInt64.random(in: .min ... .max, using: &rng), radix: 36)
                }
                fputs(words.joined(separator: " ") + "\n", file)
            }
            let isWritten = ferror(file) == 0
            guard fclose(file) == 0, isWritten else { throw failure(path) }
        }
    }

    private static func failure(_ path: String) -> ControlError {
        let reason = errno
        return ControlError(
            reason == ENOSPC ? .full : .failed,
            "cannot write \(path): \(String(cString: strerror(reason)))"
        )
    }
}
