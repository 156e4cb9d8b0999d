/// A line chart as an SVG document, drawn without any library.
public struct LineChart: Sendable {
    /// A named line through points in the order of x.
    public struct Line: Sendable {
        public let name: String
        public let points: [(x: Double, y: Double)]
        public let isDashed: Bool

        public init(_ name: String, _ points: [(x: Double, y: Double)], isDashed: Bool = false) {
            self.name = name
            self.points = points
            self.isDashed = isDashed
        }
    }

    public let title: String
    public let x: String
    public let y: String
    public let lines: [Line]
    /// x grows by factors of ten.
    public let isLogarithmic: Bool

    private static let (width, height, margin) = (640.0, 400.0, 60.0)
    private static let colours = ["#1b6ca8", "#c8553d", "#4f772d", "#8d5a97", "#b08900"]

    public init(title: String, x: String, y: String, lines: [Line], isLogarithmic: Bool = false) {
        self.title = title
        self.x = x
        self.y = y
        self.lines = lines
        self.isLogarithmic = isLogarithmic
    }

    public var svg: String {
        let points = lines.flatMap(\.points)
        let xs = points.map { place($0.x) }
        guard let first = xs.min(), let last = xs.max(), let top = points.map(\.y).max() else { return "" }
        let frame = Frame(x: first...max(last, first + 0.001), top: max(top, 0.001))
        let body = lines.enumerated().map { draw($1, number: $0, in: frame) } + axes(in: frame)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" font-family="sans-serif" font-size="12">
            <rect width="640" height="400" fill="white"/>
            <text x="320" y="24" text-anchor="middle" font-size="15">\(title)</text>
            \(body.joined(separator: "\n"))
            </svg>

            """
    }

    private struct Frame {
        let x: ClosedRange<Double>
        let top: Double

        func across(_ value: Double) -> Double {
            margin + (value - x.lowerBound) / (x.upperBound - x.lowerBound) * (width - 2 * margin)
        }

        func up(_ value: Double) -> Double { height - margin - value / top * (height - 2 * margin) }
    }

    /// Where a value lies on the axis: its decimal logarithm to a hundredth, by repeated multiplication.
    private func place(_ value: Double) -> Double {
        guard isLogarithmic, value > 0 else { return value }
        return Self.logarithm(value)
    }

    /// The decimal logarithm of a positive number to three digits, from multiplications alone.
    static func logarithm(_ value: Double) -> Double {
        var (rest, whole) = (value, 0.0)
        while rest >= 10 { (rest, whole) = (rest / 10, whole + 1) }
        while rest < 1 { (rest, whole) = (rest * 10, whole - 1) }
        var (fraction, weight) = (0.0, 0.5)
        for _ in 0..<12 {
            rest *= rest
            if rest >= 10 { (rest, fraction) = (rest / 10, fraction + weight) }
            weight /= 2
        }
        return whole + fraction
    }

    private func draw(_ line: Line, number: Int, in frame: Frame) -> String {
        let colour = Self.colours[number % Self.colours.count]
        let path = line.points.map { "\(Int(frame.across(place($0.x)))),\(Int(frame.up($0.y)))" }.joined(separator: " ")
        let dash = line.isDashed ? " stroke-dasharray=\"5 4\"" : ""
        let key = 52 + 18 * number
        return """
            <polyline points="\(path)" fill="none" stroke="\(colour)" stroke-width="2"\(dash)/>
            <line x1="76" y1="\(key)" x2="100" y2="\(key)" stroke="\(colour)" stroke-width="2"\(dash)/>
            <text x="106" y="\(key + 4)">\(line.name)</text>
            """
    }

    private func axes(in frame: Frame) -> [String] {
        var parts = ["<path d=\"M60 60V340H580\" fill=\"none\" stroke=\"black\"/>"]
        for step in 0...4 {
            let value = frame.top * Double(step) / 4
            let up = Int(frame.up(value))
            parts.append("<text x=\"54\" y=\"\(up + 4)\" text-anchor=\"end\">\(Self.label(value))</text>")
        }
        let ticks: [Double] =
            isLogarithmic
            ? Set(lines.flatMap { $0.points.map(\.x) }).sorted()
            : (0...4).map { frame.x.lowerBound + (frame.x.upperBound - frame.x.lowerBound) * Double($0) / 4 }
        for tick in ticks {
            let across = Int(frame.across(place(tick)))
            parts.append("<text x=\"\(across)\" y=\"358\" text-anchor=\"middle\">\(Self.label(tick))</text>")
        }
        parts.append("<text x=\"320\" y=\"386\" text-anchor=\"middle\">\(x)</text>")
        parts.append("<text x=\"16\" y=\"200\" text-anchor=\"middle\" transform=\"rotate(-90 16 200)\">\(y)</text>")
        return parts
    }

    private static func label(_ value: Double) -> String { ScaleReport.text(value, value < 10 ? 1 : 0) }
}
