import Glibc

/// What each part took, for all of the plaintext; the parts of all pieces are hashing, TLS and writing.
struct PartCosts {
    let byteCount: Int
    let seal: Cost
    let open: Cost
    let hash: Cost
    let encode: Cost
    /// Of `lostMax` pieces of each segment.
    let rebuild: Cost
    let tls: Cost
    /// To a file for each holder, synchronized after each segment.
    let write: Cost
    let read: Cost
    /// To one file as long as the plaintext, synchronized at its end.
    let target: Cost

    /// - Parameter byteCount: The plaintext. Whole segments are measured, at least as many bytes, and counted for less.
    init(folder: String, byteCount: Int, dataCount: Int, totalCount: Int, lostMax: Int) throws {
        let sample = try SampleSegment(dataCount: dataCount, totalCount: totalCount, lost: lostMax)
        let segments = (byteCount + sample.data.count - 1) / sample.data.count
        let scale = Double(byteCount) / Double(segments * sample.data.count)
        let disk = try PieceFiles(folder: folder, count: totalCount)
        defer { disk.remove() }
        let link = try TLSLink()
        defer { link.close() }

        self.byteCount = byteCount
        seal = try Self.measure(segments) { try sample.seal() } * scale
        open = try Self.measure(segments) { try sample.open() } * scale
        hash = Self.measure(segments) { sample.hash() } * scale
        encode = try Self.measure(segments) { try sample.encode() } * scale
        rebuild = try Self.measure(segments) { try sample.rebuild() } * scale
        tls = try Self.measure(segments) { try link.send(sample.all) } * scale
        write = try Self.measure(segments) { try disk.write(sample.all) } * scale
        read = try Self.measure(segments) { try disk.read(sample.data.count) } * scale
        target = try Self.writeTarget(folder, segments, sample.data) * scale
    }

    private static func writeTarget(_ folder: String, _ segments: Int, _ bytes: UnsafeRawBufferPointer) throws -> Cost {
        let file = try PieceFiles(folder: folder, count: 1, prefix: "bound-target")
        defer { file.remove() }
        try file.write(bytes)
        return try cost {
            for _ in 0..<segments { try file.append(bytes) }
            try file.synchronize()
        }
    }

    /// Runs `body` once to warm up, then so many times.
    private static func measure(_ rounds: Int, _ body: () throws -> Void) rethrows -> Cost {
        try body()
        return try cost { for _ in 0..<rounds { try body() } }
    }

    private static func cost(_ body: () throws -> Void) rethrows -> Cost {
        let before = processorSeconds()
        let time = try ContinuousClock().measure { try body() }
        return Cost(processor: processorSeconds() - before, time: time / .seconds(1))
    }

    /// User and system time of all threads of this process.
    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1_000_000 }
    }
}

/// What one part took.
struct Cost {
    /// Seconds of processor time.
    let processor: Double
    /// Seconds that passed.
    let time: Double

    static func * (cost: Cost, times: Double) -> Cost {
        Cost(processor: cost.processor * times, time: cost.time * times)
    }
}
