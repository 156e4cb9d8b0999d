import Control
import Testing
import holdfast

struct DrillTextTests {
    private static let key = "k51qzi5uqu5dglf8holln6n789rvcvqe8y5lb0694dr69tbtq1l1iah45pbxka"

    private func result() -> DrillResult {
        DrillResult(
            losses: [DrillLoss(rule: "operator:bob", nodes: 1), DrillLoss(rule: "33%", nodes: 4)],
            nodesLost: 5,
            nodes: 12,
            thisNodeLost: false,
            tally: DrillTally(reachable: 1, degraded: 1, lost: 1),
            reads: DrillReads(items: 3, of: 3, bytes: 1_500_000, seed: 7),
            items: [
                DrillItem(
                    kind: .object,
                    name: "a\u{1B}[2J",
                    bytes: 1,
                    verdict: .lost,
                    wasRead: true,
                    piecesNeeded: 4,
                    piecesNow: 12,
                    piecesLeft: 3,
                    lostWith: [DrillShare(operator: Self.key, parts: 2), DrillShare(operator: "me", parts: 1)],
                    reason: "only 3 of 4"
                ),
                DrillItem(
                    kind: .site,
                    name: "site",
                    bytes: 1,
                    verdict: .degraded,
                    wasRead: false,
                    onlyHere: true,
                    copiesNow: 5,
                    copiesLeft: 1
                ),
            ],
            smallest: [
                DrillSmallest(kind: "operator", domains: ["me", Self.key], item: "a", exact: true),
                DrillSmallest(kind: "hosting", domains: nil, item: nil, exact: true),
                DrillSmallest(kind: "jurisdiction", domains: ["CH"], item: "a", exact: false),
            ]
        )
    }

    @Test func lines_sayWhatIsLostByHowMuchAndWithWhom() {
        let lines = DrillText.lines(result())
        #expect(lines[0] == "without    operator:bob: 1 node")
        #expect(lines[1] == "without    33%: 4 nodes, drawn with seed 7")
        #expect(lines[2] == "nodes      5 of 12 taken for lost")
        let lost = lines.first { $0.hasPrefix("lost") } ?? ""
        #expect(lost.contains("3 of 12") && lost.hasSuffix("with operator h45pbxka (2), me (1)"), "\(lost)")
        #expect(!lost.contains("\u{1B}"))
        let degraded = lines.first { $0.hasPrefix("degraded") } ?? ""
        #expect(degraded.contains("1 of 5") && degraded.hasSuffix("only this machine still has it; computed"))
        #expect(lines.contains("left       1 reachable, 1 degraded, 1 lost"))
        #expect(lines.contains("smallest   2 operators would lose \"a\": me, h45pbxka"))
        #expect(lines.contains("smallest   no loss of hosting providers alone loses anything"))
        #expect(lines.contains("smallest   at most 1 jurisdiction would lose \"a\": CH"))
        #expect(
            lines.last == "read       3 of 3 items tried, 1.50 MB came, each byte verified; nothing was only computed"
        )
        #expect(DrillText.complaint(result()) == "1 item would be lost")
    }

    @Test func sample_saysItsConfidence_roundedUp() {
        var result = result()
        result.reads = DrillReads(
            items: 100,
            of: 1_000,
            bytes: 0,
            seed: 3,
            sampled: 100,
            sampledOf: 3_000,
            lostAtMost: 86
        )
        #expect(
            DrillText.lines(result).last
                == "sample     100 of 3000 objects, drawn with seed 3; none is lost: with 95 % confidence at most 86 of all "
                + "are (2.87 %)"
        )
    }

    @Test func singles_nameTheWorst() {
        var result = result()
        result.items = []
        result.singles = [
            DrillSingle(
                kind: "hosting",
                name: "aws",
                nodes: 3,
                tally: DrillTally(reachable: 1, degraded: 1, lost: 2),
                spare: -1,
                weakest: "a",
                read: 1
            )
        ]
        let lines = DrillText.lines(result)
        #expect(lines.contains("worst      hosting aws: 2 lost, 1 degraded"))
        #expect(DrillText.complaint(result) == "losing hosting aws alone would lose 2 items")
    }

    @Test func longTables_areCut() {
        var result = result()
        result.items = Array(repeating: result.items[1], count: 100)
        result.itemsLeftOut = 7
        let lines = DrillText.lines(result)
        #expect(lines.count(where: { $0.hasPrefix("degraded") }) == 40)
        #expect(lines.contains { $0.hasPrefix("and 67 more") })
    }
}
