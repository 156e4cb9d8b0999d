import Core
import Mesh
import Simulation
import Testing

struct ScaleReportTests {
    @Test func forecast_whereAllNodesHoldPieces_isAGuarantee() {
        #expect(RepairForecast.lostWithAThird(of: 30, k: 10, n: 30) == 0)
        #expect(RepairForecast.lostWithAThird(of: 12, k: 4, n: 12) == 0)
    }

    /// Counted by hand: four of twelve vanish, and an object is lost when all of its three holders are among them.
    @Test func forecast_ofASmallCase_isTheHypergeometricProbability() {
        let probability = RepairForecast.lostWithAThird(of: 12, k: 1, n: 3)
        #expect(abs(probability - 4.0 / 220.0) < 1e-12)
    }

    @Test func forecast_ofALargeMesh_approachesTheBinomialOne() {
        let probability = RepairForecast.lostWithAThird(of: 9_999, k: 10, n: 30)
        let binomial = BinomialPrediction.fewer(than: 10, of: 30, p: 2.0 / 3.0)
        #expect(probability > 0 && abs(probability / binomial - 1) < 0.05)
    }

    /// e^(−ln 2) is a half, and one holder is gone after its mean time with probability 1 − 1/e.
    @Test func forecast_withoutRepair_isTheBinomialProbability() {
        let half = BinomialPrediction.stayed(after: .milliseconds(693_147), mean: .seconds(1_000))
        #expect(abs(half - 0.5) < 1e-6)
        #expect(RepairForecast.lostWithoutRepair(k: 1, n: 1, after: .seconds(60 * 86_400)) > 0.632)
        #expect(RepairForecast.lostWithoutRepair(k: 1, n: 1, after: .seconds(60 * 86_400)) < 0.633)
    }

    @Test func chart_isOneSVGDocumentWithAllItsLines() {
        let lines = [
            LineChart.Line("one", [(100, 1), (1_000, 2), (10_000, 3)]),
            LineChart.Line("two", [(100, 3), (10_000, 1)], isDashed: true),
        ]
        let svg = LineChart(title: "A title", x: "nodes", y: "seconds", lines: lines, isLogarithmic: true).svg
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(svg.split(separator: "<polyline").count == 3)
        // The middle of a logarithmic axis from 100 to 10,000 is 1,000.
        #expect(svg.contains("60,") && svg.contains(" 320,"))
    }
}
