import Glibc

/// The parts of one job, and the bound that follows from them.
struct Job {
    private let name: String
    private let byteCount: Int
    private let parts: [Part]

    /// - Parameter byteCount: What the job is counted by: plaintext, or what was made again.
    init(_ name: String, _ byteCount: Int, _ parts: [Part]) {
        self.name = name
        self.byteCount = byteCount
        self.parts = parts
    }

    /// Prints each part, and `bound NAME MILLISECONDS PROCESSOR-MILLISECONDS BY` for scripts.
    func report() {
        let cores = Double(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1))
        var (processor, disk) = (0.0, 0.0)
        for part in parts {
            let seconds = part.cost.processor * part.times
            processor += seconds
            if part.name == Self.onDisk { disk += part.cost.time * part.times }
            print("  \(name): \(part.name) \(milliseconds(seconds)) ms of processor time")
        }
        let bound = max(processor / cores, disk)
        let by = disk > processor / cores ? "disk" : "processor"
        print("  \(name): the disk takes \(milliseconds(disk)) ms; \(byteCount) bytes")
        print("bound \(name) \(milliseconds(bound)) \(milliseconds(processor)) \(by)")
    }

    /// The part whose time counts, whatever the processor does.
    static let onDisk = "write and sync"

    private func milliseconds(_ seconds: Double) -> Int { Int((seconds * 1_000).rounded()) }
}

/// One part of a job.
struct Part {
    let name: String
    let cost: Cost
    /// How often the measured work is done.
    let times: Double

    init(_ name: String, _ cost: Cost, times: Double = 1) {
        self.name = name
        self.cost = cost
        self.times = times
    }
}
