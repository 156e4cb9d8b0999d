import Demo
import Testing

struct ReportTests {
    private func tally() -> ReaderTally {
        var tally = ReaderTally()
        tally.succeeded(bytes: 1_000, isFresh: true, retries: 2, after: .milliseconds(3))
        tally.failed("wrong bytes", isFresh: false, retries: 0, after: .milliseconds(5))
        return tally
    }

    @Test func tally_countsEverythingOnce() {
        var tally = tally()
        #expect(tally.requests == 2)
        #expect(tally.retried == 2)
        #expect(tally.failed == 1)
        #expect(tally.fresh == 1)
        #expect(tally.bytesVerified == 1_000)
        #expect(tally.examples == ["wrong bytes"])
        #expect(tally.takeWindow().count == 2)
        #expect(tally.takeWindow().count == 0)
        #expect(tally.latency.count == 2)
    }

    @Test func rows_lineUpWithTheHeader() {
        var tally = tally()
        let window = tally.takeWindow()
        let row = DemoTable.row(
            elapsed: .seconds(12),
            tally: tally,
            window: window,
            copies: (9, 10),
            event: "what happened"
        )
        #expect(row.utf8.count == DemoTable.header.utf8.count)
        #expect(row.contains("12 s"))
        #expect(row.contains("9/10"))
    }

    private func report(
        failing: Bool = false,
        back: Duration? = .milliseconds(6_200),
        crashed: [String] = []
    ) -> DemoReport {
        var tally = ReaderTally()
        for _ in 0..<99 {
            tally.succeeded(bytes: 10, isFresh: true, retries: 0, after: .milliseconds(1))
        }
        if failing { tally.failed("wrong bytes", isFresh: false, retries: 0, after: .milliseconds(1)) }
        _ = tally.takeWindow()
        let members = DemoMember.spread(count: 12, firstSubnet: 20)
        return DemoReport(
            members: members,
            seed: 7,
            plan: KillPlan(members: members, seed: 7),
            tally: tally,
            elapsed: .seconds(1),
            back: back,
            copies: (live: 10, target: 10),
            crashed: crashed,
            keptIn: nil
        )
    }

    @Test func report_ofAGoodRun_hasNoComplaint() {
        #expect(report().complaint == nil)
        #expect(report().lines.contains { $0.contains("6.2 s after the last kill") })
        #expect(report().nodesKilled == 4)
        #expect(report().freshPercent == 100)
    }

    @Test func report_ofABadRun_saysWhatWentWrong() {
        #expect(
            report(failing: true).complaint?.contains("1 of 100 requests failed, the first: wrong bytes")
                == true
        )
        #expect(report(back: nil).complaint?.contains("copies came back") == true)
        #expect(report(crashed: ["node 4"]).complaint?.contains("node 4") == true)
    }
}
