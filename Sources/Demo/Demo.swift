internal import AsyncHTTPClient
import Control
import Core
import Settings

/// The demo: a mesh of real processes loses a third of its nodes while readers read.
public struct Demo: Sendable {
    private let options: DemoOptions

    public init(options: DemoOptions) {
        self.options = options
    }

    /// Runs it to its end. Whatever it started is gone when this returns, throws or is cancelled.
    ///
    /// - Parameter show: takes a line of the story or of the live table.
    /// - Throws: ``ControlError`` when the mesh does not start or does not take the site.
    public func run(show: (String) throws -> Void) async throws -> DemoReport {
        let site = try options.site ?? SiteFinder.projectDocuments()
        let reference = try SiteReference(folder: site)
        guard !reference.files.isEmpty else {
            throw ControlError(.badInput, "\(site) has no files to read; choose another --site")
        }
        let folder = try DemoFolder(keep: options.keep)
        defer { folder.remove() }
        if let size = try options.file?.size() {
            try FreeSpace.check(FreeSpace.bytes(at: folder.path), at: folder.base, forFileOf: size)
        }
        let file = try options.file?.take(at: folder.file, seed: options.seed)
        var rng = SplitMix64(seed: options.seed)
        let last = DemoMember.subnets.upperBound - DemoMember.operatorCount(of: options.nodes)
        let members = DemoMember.spread(
            count: options.nodes,
            firstSubnet: Int.random(in: DemoMember.subnets.lowerBound..<last, using: &rng)
        )
        let mesh = try DemoMesh(members: members, folder: folder, repairDelay: options.repairDelay)
        defer { mesh.killAll() }
        let http = Reader.makeClient()
        do {
            try show(introduction(members))
            try await mesh.start()
            let targets = try await publish(site, reference, on: mesh, folder: folder, show: show)
            let plan = KillPlan(members: members, seed: options.seed)
            let stored = try await store(file, on: mesh, plan: plan, show: show)
            let reader = Reader(
                gateways: mesh.seats.map(\.gateway.description),
                targets: targets,
                rate: options.rate,
                seed: options.seed,
                http: http
            )
            var story = DemoStory(mesh: mesh, reader: reader, file: stored, plan: plan, options: options)
            let report = try await story.run(keptIn: options.keep ? folder.path : nil, show: show)
            try? await http.shutdown()
            return report
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    private func introduction(_ members: [DemoMember]) -> String {
        let operators = Set(members.map(\.operatorName)).count
        let hostings = Set(members.map(\.hosting)).count
        let jurisdictions = Set(members.map(\.jurisdiction)).count
        return
            "starting \(members.count) nodes of \(operators) operators, \(hostings) hosting providers and "
            + "\(jurisdictions) jurisdictions; copies are made again after \(DurationText.format(options.repairDelay)) "
            + "of silence (1h unless set); seed \(options.seed)"
    }

    /// Publishes the site, and beside it as many small pages as half of the requests need to be new to their gateway.
    private func publish(
        _ site: String,
        _ reference: SiteReference,
        on mesh: DemoMesh,
        folder: DemoFolder,
        show: (String) throws -> Void
    ) async throws -> [ReadTarget] {
        var targets = try await publish(site, name: "site", reference, on: mesh, show: show)
        let wanted = GeneratedSite.filesWanted(rate: options.rate, gateways: options.nodes)
        guard reference.files.count < wanted else { return targets }
        try GeneratedSite.write(
            count: wanted - reference.files.count,
            to: folder.pages,
            seed: options.seed
        )
        let pages = try SiteReference(folder: folder.pages)
        try show(
            "\(reference.files.count) files are too few for half of the requests to be new to their gateway: "
                + "\(pages.files.count) generated pages go beside them"
        )
        targets += try await publish(folder.pages, name: "pages", pages, on: mesh, show: show)
        return targets
    }

    private func publish(
        _ path: String,
        name: String,
        _ reference: SiteReference,
        on mesh: DemoMesh,
        show: (String) throws -> Void
    ) async throws -> [ReadTarget] {
        let clock = ContinuousClock()
        let began = clock.now
        let result = try await mesh.ask(mesh.seats[0]) { client in
            try await client.publish(PublishRequest(path: path, name: name)) { _ in }
        }
        let bytes = reference.files.reduce(0) { $0 + $1.size }
        let seconds = ByteCountText.decimal((clock.now - began) / .seconds(1), 1)
        try show(
            "published \(path): \(reference.files.count) files, \(ByteCountText.format(bytes)), "
                + "\(result.copiesPlaced) copies, \(seconds) s"
        )
        return reference.files.map { ReadTarget(file: $0, root: result.root, name: result.name) }
    }

    /// Stores the private file through a node that is not going to be killed: it alone has the owner's keys.
    ///
    /// - Returns: `nil` when there is none.
    private func store(
        _ file: PrivateFile?,
        on mesh: DemoMesh,
        plan: KillPlan,
        show: (String) throws -> Void
    ) async throws -> StoredFile? {
        guard let file, let owner = plan.survivor(of: mesh.seats.map(\.member)) else { return nil }
        let (stored, result) = try await StoredFile.put(file, on: mesh, seat: mesh.seats[owner.index])
        try show(
            "stored a private file: \(ByteCountText.format(file.size)), \(result.segments) segments, "
                + "\(result.code) pieces rebuild each, \(ByteCountText.decimal(stored.stored.duration / .seconds(1), 1)) s; \(owner.title), which has its "
                + "owner's keys, is not killed and reads it back"
        )
        return stored
    }
}
