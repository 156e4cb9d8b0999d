/// The curves of a report.
extension ScaleReport {
    /// File names and drawings.
    public var charts: [(name: String, svg: String)] {
        let change = bySize("A change reaches all", y: "seconds", part: "change") { $0.arrival(1) }
        let death = bySize("A death is known to all", y: "seconds", part: "death") { $0.deathSeen(1) }
        let bytes = bySize("Bytes when idle", y: "bytes per node and second", part: "idle") { $0.bytesPerNodeAndSecond }
        let work = bySize("Work when idle", y: "events per node and second", part: "idle") { $0.eventsPerNodeAndSecond }
        return [
            ("change-over-time", overTime.svg), ("change-by-size", change.svg), ("death-by-size", death.svg),
            ("bytes-by-size", bytes.svg), ("work-by-size", work.svg),
        ].filter { !$0.1.isEmpty }
    }

    private var sizes: [Int] { Set(results.map(\.nodes)).sorted() }

    /// Which share of the nodes has a change after which time.
    private var overTime: LineChart {
        let lines = results.filter { $0.part == "change" || $0.part == "loss" }.map { result in
            let wanted = Double(max(result.arrivalsWanted, 1))
            var points: [(x: Double, y: Double)] = []
            for index in stride(from: 0, to: result.arrivals.count, by: max(1, result.arrivals.count / 100)) {
                points.append((x: result.arrivals[index], y: Double(index + 1) / wanted * 100))
            }
            return LineChart.Line("\(result.nodes) nodes, \(result.part)", points, isDashed: result.part == "loss")
        }
        return LineChart(title: "Who has a change", x: "seconds", y: "per cent of nodes", lines: lines)
    }

    /// A value by the size of the mesh, beside log n through its first point.
    private func bySize(
        _ title: String,
        y: String,
        part: String,
        _ value: (ScaleResult) -> Double?
    ) -> LineChart {
        let points = sizes.compactMap { size -> (x: Double, y: Double)? in
            guard let result = results.first(where: { $0.nodes == size && $0.part == part }),
                let value = value(result)
            else { return nil }
            return (Double(size), value)
        }
        var lines = [LineChart.Line("measured", points)]
        if let first = points.first, first.x > 1 {
            let scale = first.y / LineChart.logarithm(first.x)
            let bound = points.map { (x: $0.x, y: scale * LineChart.logarithm($0.x)) }
            lines.append(LineChart.Line("log n", bound, isDashed: true))
        }
        return LineChart(title: title, x: "nodes", y: y, lines: lines, isLogarithmic: true)
    }
}
