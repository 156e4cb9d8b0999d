import Control
import Settings

/// What happens while readers read: a while of peace, the kills, and the wait until all copies are back.
struct DemoStory {
    private static let peaceTime = Duration.seconds(5)
    private static let timeBetweenKills = Duration.seconds(4)
    /// Readers go on at least this long after the last kill.
    private static let aftermathMin = Duration.seconds(8)
    /// Longest wait for the copies, beyond the delay before they are made.
    private static let copiesTimeMax = Duration.seconds(120)
    private static let rowInterval = Duration.seconds(2)
    private static let tick = Duration.milliseconds(250)

    private let mesh: DemoMesh
    private let reader: Reader
    private let plan: KillPlan
    private let options: DemoOptions
    private let clock = ContinuousClock()
    private var began = ContinuousClock.now
    private var lastRow = ContinuousClock.now
    private var copies: NodeStatus.Copies?
    private var crashed: [String] = []

    init(mesh: DemoMesh, reader: Reader, plan: KillPlan, options: DemoOptions) {
        self.mesh = mesh
        self.reader = reader
        self.plan = plan
        self.options = options
    }

    mutating func run(keptIn: String?, show: (String) throws -> Void) async throws -> DemoReport {
        try show("")
        try show(DemoTable.header)
        began = clock.now
        lastRow = began
        let reader = reader
        // A child task: an error or a cancellation below ends the reading before it leaves here.
        async let reading: Void = reader.run()
        let back = try await events(show: show)
        let elapsed = clock.now - began
        reader.stop()
        await reading
        return report(back: back, elapsed: elapsed, keptIn: keptIn)
    }

    /// - Returns: time from the last kill until all copies were back; `nil` when they were not in time.
    private mutating func events(show: (String) throws -> Void) async throws -> Duration? {
        try await watch(for: Self.peaceTime, show: show)
        for (number, step) in plan.steps.enumerated() {
            if number > 0 { try await watch(for: Self.timeBetweenKills, show: show) }
            mesh.kill(step.victims)
            try row("SIGKILL: \(step.title)", show: show)
        }
        let killed = clock.now
        let deadline = killed + options.repairDelay + Self.copiesTimeMax
        var back: Duration?
        while clock.now < deadline {
            if await allCopiesAreBack() {
                back = clock.now - killed
                try row("all copies are back", show: show)
                break
            }
            try await step(show: show)
        }
        if back == nil { try row("not all copies came back in time", show: show) }
        let rest = killed + Self.aftermathMin - clock.now
        try await watch(for: max(rest, .seconds(2)), show: show)
        try row("readers stop", show: show)
        return back
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
                event: event
            )
        )
    }

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

    private func report(back: Duration?, elapsed: Duration, keptIn: String?) -> DemoReport {
        _ = reader.takeWindow()
        return DemoReport(
            members: mesh.seats.map(\.member),
            seed: options.seed,
            plan: plan,
            tally: reader.tally(),
            elapsed: elapsed,
            back: back,
            copies: (copies?.live ?? 0, copies?.target ?? 0),
            crashed: crashed,
            keptIn: keptIn
        )
    }
}
