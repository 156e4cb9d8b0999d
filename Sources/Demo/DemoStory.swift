import Control
import Settings

/// What happens while readers read: a while of peace, the kills, and the wait until all copies and pieces are back.
struct DemoStory {
    private static let peaceTime = Duration.seconds(5)
    /// Longest wait until the private file has all of its pieces, before the first kill.
    private static let fullStrengthTimeMax = Duration.seconds(20)
    /// Between two kills, unless the private file takes longer to read back.
    private static let timeBetweenKills = Duration.seconds(4)
    /// Readers go on at least this long after the last kill.
    private static let aftermathMin = Duration.seconds(8)
    /// Longest wait for copies and pieces, beyond the delay before they are made.
    private static let copiesTimeMax = Duration.seconds(120)
    private static let rowInterval = Duration.seconds(2)
    private static let tick = Duration.milliseconds(250)

    /// When what was lost was there again, from the last kill; `nil` when it was not in time.
    private struct Recovery {
        var copies: Duration?
        var pieces: Duration?
    }

    private let mesh: DemoMesh
    private let reader: Reader
    private let file: StoredFile?
    private let plan: KillPlan
    private let options: DemoOptions
    private let clock = ContinuousClock()
    private var began = ContinuousClock.now
    private var lastRow = ContinuousClock.now
    private var copies: NodeStatus.Copies?
    private var crashed: [String] = []

    init(mesh: DemoMesh, reader: Reader, file: StoredFile?, plan: KillPlan, options: DemoOptions) {
        self.mesh = mesh
        self.reader = reader
        self.file = file
        self.plan = plan
        self.options = options
    }

    mutating func run(keptIn: String?, show: (String) throws -> Void) async throws -> DemoReport {
        try show("")
        try show(DemoTable.header)
        began = clock.now
        lastRow = began
        let (reader, file) = (reader, file)
        // Child tasks: an error or a cancellation below ends the reading before it leaves here.
        async let reading: Void = reader.run()
        async let readingBack: Void? = file?.reader.run()
        async let _: Void? = file?.watch()
        let recovery = try await events(show: show)
        let elapsed = clock.now - began
        reader.stop()
        file?.reader.stop()
        _ = await (reading, readingBack)
        return report(recovery, elapsed: elapsed, keptIn: keptIn)
    }

    private mutating func events(show: (String) throws -> Void) async throws -> Recovery {
        try await peace(show: show)
        for (number, step) in plan.steps.enumerated() {
            if number > 0 {
                try await watch(for: Self.timeBetweenKills, show: show)
                try await waitForFile(show: show)
            }
            reader.noteKill()
            mesh.kill(step.victims)
            file?.reader.read(after: step.title)
            try row("SIGKILL: \(step.title)", show: show)
        }
        let killed = clock.now
        let recovery = try await recover(since: killed, show: show)
        try await waitForFile(show: show)
        let rest = killed + Self.aftermathMin - clock.now
        try await watch(for: max(rest, .seconds(2)), show: show)
        try row("readers stop", show: show)
        return recovery
    }

    // MARK: - Waiting

    /// Lets readers read, and the private file get all of its pieces.
    private mutating func peace(show: (String) throws -> Void) async throws {
        try await watch(for: Self.peaceTime, show: show)
        guard let file else { return }
        let deadline = clock.now + Self.fullStrengthTimeMax
        while clock.now < deadline {
            if file.sample?.pieces.debt == 0 { return }
            try await step(show: show)
        }
    }

    /// Waits for copies and pieces to be made again, up to the time allowed.
    private mutating func recover(
        since killed: ContinuousClock.Instant,
        show: (String) throws -> Void
    ) async throws -> Recovery {
        let deadline = killed + options.repairDelay + Self.copiesTimeMax
        var recovery = Recovery()
        while clock.now < deadline {
            if recovery.copies == nil, await allCopiesAreBack() {
                recovery.copies = clock.now - killed
                try row("all copies are back", show: show)
            }
            if recovery.pieces == nil, let sample = file?.sample, sample.began >= killed, sample.knowsDeaths,
                sample.pieces.isComplete
            {
                recovery.pieces = clock.now - killed
                let debt = sample.pieces.debt
                try row(
                    debt == 0 ? "all pieces are there" : "all pieces that there is room for are there, debt \(debt)",
                    show: show
                )
            }
            if recovery.copies != nil, file == nil || recovery.pieces != nil { return recovery }
            try await step(show: show)
        }
        if recovery.copies == nil { try row("not all copies came back in time", show: show) }
        if file != nil, recovery.pieces == nil { try row("not all pieces came back in time", show: show) }
        return recovery
    }

    /// Waits until the private file is read; its reader gives up by itself.
    private mutating func waitForFile(show: (String) throws -> Void) async throws {
        while let file, file.reader.isReading { try await step(show: show) }
    }

    private mutating func watch(for duration: Duration, show: (String) throws -> Void) async throws {
        let end = clock.now + duration
        while clock.now < end { try await step(show: show) }
    }

    /// Waits a moment and prints a row when one is due.
    private mutating func step(show: (String) throws -> Void) async throws {
        try await clock.sleep(for: Self.tick)
        let ended = mesh.takeCrashed()
        for member in ended {
            crashed.append(member.title)
            try row("\(member.title) ended by itself", show: show)
        }
        for reading in file?.reader.takeNews() ?? [] {
            let seconds = ByteCountText.decimal(reading.seconds, 1)
            try row(
                reading.failure.map { "private file: FAILED: \($0)" } ?? "private file read back in \(seconds) s",
                show: show
            )
        }
        guard clock.now - lastRow >= Self.rowInterval else { return }
        if let seat = mesh.survivors.last {
            copies = try? await mesh.ask(seat) { try await $0.status() }.copies
        }
        try row("", show: show)
    }

    private mutating func row(_ event: String, show: (String) throws -> Void) throws {
        lastRow = clock.now
        let (tally, window) = reader.takeWindow()
        try show(
            DemoTable.row(
                elapsed: clock.now - began,
                tally: tally,
                window: window,
                copies: copies.map { ($0.live, $0.target) },
                pieces: file?.sample?.pieces,
                fileFailures: file?.reader.results.count { $0.failure != nil } ?? 0,
                event: event
            )
        )
    }

    // MARK: - Counting

    /// Whether every survivor has noticed every death and counts all copies.
    private mutating func allCopiesAreBack() async -> Bool {
        let survivors = mesh.survivors
        for seat in survivors {
            guard let status = try? await mesh.ask(seat, { try await $0.status() }) else { return false }
            copies = status.copies
            guard status.members.alive == survivors.count, status.copies.target > 0,
                status.copies.live >= status.copies.target
            else { return false }
        }
        return !survivors.isEmpty
    }

    private func report(_ recovery: Recovery, elapsed: Duration, keptIn: String?) -> DemoReport {
        _ = reader.takeWindow()
        return DemoReport(
            members: mesh.seats.map(\.member),
            seed: options.seed,
            plan: plan,
            tally: reader.tally(),
            elapsed: elapsed,
            back: recovery.copies,
            copies: (copies?.live ?? 0, copies?.target ?? 0),
            file: file?.report(back: recovery.pieces),
            crashed: crashed,
            keptIn: keptIn
        )
    }
}
