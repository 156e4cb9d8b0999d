import Glibc

/// Measures what storing, reading and repairing private objects cannot do without, each part alone.
///
/// `bound-bench FOLDER MEBIBYTES K N LOST`: the bytes of so many mebibytes of plaintext, coded K of N, and the repair of
/// LOST pieces of each segment, on average. Each part runs after a warm-up, from memory that is used again, with the
/// libraries that Holdfast uses. A bound is the processor time of the parts over the cores, or the time of the disk
/// where that is longer.
@main
struct BoundBenchmark {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let numbers = arguments.dropFirst().prefix(3).compactMap { Int($0) }
        guard arguments.count == 5, numbers.count == 3, let lostCount = Double(arguments[4]), numbers[0] >= 1,
            numbers[1] >= 1, numbers[2] > numbers[1], lostCount > 0, lostCount <= Double(numbers[2] - numbers[1])
        else {
            print("usage: bound-bench FOLDER MEBIBYTES K N LOST(≤ N-K)")
            exit(2)
        }
        let costs = try PartCosts(
            folder: arguments[0],
            byteCount: numbers[0] << 20,
            dataCount: numbers[1],
            totalCount: numbers[2],
            lostMax: Int(lostCount.rounded(.up))
        )
        let counts = (data: Double(numbers[1]), total: Double(numbers[2]), lost: lostCount)
        put(costs, counts).report()
        get(costs, counts).report()
        repair(costs, counts).report()
    }

    private typealias Counts = (data: Double, total: Double, lost: Double)

    /// The node that stores is a holder too: one piece of each segment stays with it.
    private static func put(_ costs: PartCosts, _ counts: Counts) -> Job {
        Job(
            "put",
            costs.byteCount,
            [
                Part("read the source", costs.read),
                Part("seal", costs.seal),
                Part("code, once", costs.encode),
                Part("hash by the client", costs.hash),
                Part("TLS, both ends", costs.tls, times: (counts.total - 1) / counts.total),
                Part("hash by the holders", costs.hash),
                Part("write and sync", costs.write),
            ]
        )
    }

    /// The node that reads has one of the k pieces that it needs.
    private static func get(_ costs: PartCosts, _ counts: Counts) -> Job {
        let share = counts.data / counts.total
        return Job(
            "get",
            costs.byteCount,
            [
                Part("read the pieces", costs.read),
                Part("check by the holders", costs.hash, times: share),
                Part("TLS, both ends", costs.tls, times: share * (counts.data - 1) / counts.data),
                Part("check by the client", costs.hash, times: share),
                Part("open", costs.open),
                Part("write and sync", costs.target),
            ]
        )
    }

    /// The node that repairs has one of the k pieces that it needs, and sends away all that it makes.
    private static func repair(_ costs: PartCosts, _ counts: Counts) -> Job {
        let share = counts.data / counts.total
        let lost = counts.lost / counts.data
        return Job(
            "repair",
            Int(Double(costs.byteCount) * lost),
            [
                Part("read k pieces", costs.read),
                Part("check by the holders", costs.hash, times: share),
                Part("TLS of what is fetched", costs.tls, times: share * (counts.data - 1) / counts.data),
                Part("check by the repairer", costs.hash, times: share),
                Part("rebuild", costs.rebuild, times: counts.lost / counts.lost.rounded(.up)),
                Part("TLS of what is stored", costs.tls, times: share * lost),
                Part("hash by the new holders", costs.hash, times: share * lost),
                Part("write and sync", costs.write, times: share * lost),
            ]
        )
    }
}
