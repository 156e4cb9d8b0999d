import Core
import Demo
import FoundationEssentials
import Testing

struct ReportTests {
    private let start = ContinuousClock.now

    private func tally() -> ReaderTally {
        var tally = ReaderTally()
        tally.succeeded(bytes: 1_000, isFresh: true, retries: 2, began: start, after: .milliseconds(3))
        tally.failed("wrong bytes", isFresh: false, retries: 0, began: start, after: .milliseconds(5))
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

    @Test func p99AfterKill_countsWhatWasUnderWayInTheSecondAfterIt() {
        var tally = ReaderTally()
        #expect(tally.p99AfterKill == nil)
        func request(began: Duration, took: Duration) {
            tally.succeeded(bytes: 1, isFresh: false, retries: 0, began: start + began, after: took)
        }
        tally.killed(at: start)
        request(began: .seconds(-3), took: .seconds(2))
        request(began: .seconds(1), took: .seconds(4))
        #expect(tally.p99AfterKill == nil)
        request(began: .milliseconds(900), took: .milliseconds(10))
        request(began: .milliseconds(-100), took: .milliseconds(300))
        let worst = tally.p99AfterKill ?? .zero
        #expect(worst >= .milliseconds(300) && worst < .milliseconds(320))
        // A kill that nobody noticed does not hide it.
        tally.killed(at: start + .seconds(10))
        request(began: .seconds(10), took: .milliseconds(1))
        #expect(tally.p99AfterKill == worst)
    }

    @Test func rows_lineUpWithTheHeader() {
        var tally = tally()
        let window = tally.takeWindow()
        let row = DemoTable.row(
            elapsed: .seconds(12),
            tally: tally,
            window: window,
            copies: (9, 10),
            pieces: PieceCount(live: 1_799, possible: 1_800, wanted: 1_800),
            fileFailures: 3,
            event: "what happened"
        )
        #expect(row.utf8.count == DemoTable.header.utf8.count)
        #expect(row.contains("12 s"))
        #expect(row.contains("9/10"))
        #expect(row.contains("1799/1800"))
        #expect(row.contains("      4 "), "one failed request and three failed readings")
    }

    private func report(
        failing: Bool = false,
        back: Duration? = .milliseconds(6_200),
        file: FileReport? = nil,
        crashed: [String] = []
    ) -> DemoReport {
        var tally = ReaderTally()
        for _ in 0..<99 {
            tally.succeeded(bytes: 10, isFresh: true, retries: 0, began: start, after: .milliseconds(1))
        }
        if failing { tally.failed("wrong bytes", isFresh: false, retries: 0, began: start, after: .milliseconds(1)) }
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
            file: file,
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

    private func file(
        failing: Bool = false,
        readings: Int = 3,
        pieces: PieceCount = PieceCount(live: 40, possible: 40, wanted: 60),
        least: Int = 40,
        back: Duration? = .milliseconds(9_300)
    ) -> FileReport {
        FileReport(
            stored: FileReport.Stored(
                file: PrivateFile(path: "/f", size: 268_000_000, digest: Digest(hashing: [UInt8]())),
                throughNode: "node 3",
                code: "4 of 12",
                duration: .milliseconds(3_800)
            ),
            readBacks: (0..<readings).map { number in
                let failure = failing && number == 1 ? "wrong bytes" : nil
                return FileReadBack(
                    after: "kill \(number)",
                    seconds: 1.5,
                    bytesVerified: failure == nil ? 268_000_000 : 0,
                    failure: failure
                )
            },
            pieces: pieces,
            least: least,
            back: back
        )
    }

    @Test func file_thatWasReadBack_isReportedWithEachReading() throws {
        let report = report(file: file())
        #expect(report.complaint == nil)
        #expect(report.lines.contains { $0.contains("268 MB, stored through node 3 in 3.8 s, any 4 of 12") })
        #expect(report.lines.count { $0.contains("in 1.5 s after kill") && $0.contains("every byte right") } == 3)
        #expect(report.lines.contains { $0.contains("verified   804 MB of the file") })
        #expect(report.lines.contains { $0.contains("40 of 60 alive; no room: debt 20") })
        #expect(report.file?.debt == 20)
        let data = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(DemoReport.self, from: data).file?.readBacks == report.file?.readBacks)
    }

    @Test func pieces_thatWereMadeAgain_areReportedWithTheirTime() {
        let again = file(pieces: PieceCount(live: 55, possible: 55, wanted: 60), least: 41)
        #expect(report(file: again).lines.contains { $0.contains("55 of 60 alive, debt 5; up from 41") })
        #expect(report(file: again).lines.contains { $0.contains("9.3 s after the last kill") })
        let whole = file(pieces: PieceCount(live: 60, possible: 60, wanted: 60), least: 41)
        #expect(report(file: whole).lines.contains { $0.contains("60 of 60 alive; up from 41, all back 9.3 s") })
    }

    @Test func file_thatWasNotReadBack_isAComplaint() {
        let failed = report(file: file(failing: true))
        #expect(failed.failed == 1)
        #expect(failed.complaint?.contains("1 of 102 requests failed") == true, "\(failed.complaint ?? "")")
        #expect(failed.complaint?.contains("the private file after kill 1: wrong bytes") == true)
        #expect(failed.lines.contains { $0.contains("after kill 1: FAILED: wrong bytes") })
        #expect(failed.file?.bytesVerified == 2 * 268_000_000)
        #expect(report(file: file(readings: 0)).complaint?.contains("never read back") == true)
        let late = report(file: file(pieces: PieceCount(live: 41, possible: 55, wanted: 60), back: nil))
        #expect(late.complaint?.contains("only 41 of the 55 pieces") == true)
    }

    @Test func file_thatIsTooSmallForPieces_isReportedSo() {
        let small = report(file: file(pieces: PieceCount(live: 0, possible: 0, wanted: 0), least: 0))
        #expect(small.complaint == nil)
        #expect(small.lines.contains { $0.contains("pieces     none") })
        #expect(!small.lines.contains { $0.contains("of a segment rebuild it") })
    }
}
