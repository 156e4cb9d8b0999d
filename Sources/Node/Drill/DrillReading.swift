import Core
import Drill
import NIOCore
import Namespace
import Objects
import Publishing
import Synchronization

/// Reads items to their end through what is left, and keeps nothing of them.
struct DrillReading: Sendable {
    /// What came of an item.
    enum Outcome: Hashable, Sendable {
        case whole
        /// Only this machine's own copy gave all of it.
        case onlyHere
        /// It cannot be read, and why.
        case failed(String)
    }

    /// Bytes that are read in a second at most: serving goes first.
    static let pace = Pace(bytesPerSecond: 64 << 20)
    /// Windows that are planned together; bounds the memory that plans take.
    private static let batchWindows = 16_384

    let parts: NodeParts
    let survey: DrillSurvey
    let reach: DrillReach
    let meter: DrillMeter

    /// Reads the items with these numbers.
    ///
    /// - Throws: `CancellationError`; whatever else goes wrong is an item's outcome.
    func read(_ numbers: [Int]) async throws -> [Int: Outcome] {
        var outcomes: [Int: Outcome] = [:]
        var objects: [Int] = []
        for number in numbers {
            try Task.checkCancellation()
            switch survey.inventory.items[number].kind {
            case .site: outcomes[number] = try await read(survey.sites[number])
            case .names: break
            case .object: objects.append(number)
            }
        }
        guard let names = survey.namesNumber, !objects.isEmpty || numbers.contains(names) else { return outcomes }
        let namesFailure = try await namesFailure()
        outcomes[names] = namesFailure.map { .failed($0) } ?? .whole
        guard let namesFailure else {
            try await read(objects: objects, &outcomes)
            return outcomes
        }
        for number in objects { outcomes[number] = .failed("the names cannot be read: \(namesFailure)") }
        return outcomes
    }

    // MARK: - Names

    /// The survey read the names already, where it went the same way.
    private func namesFailure() async throws -> String? {
        guard let owner = survey.owner else { return nil }
        guard reach.absent != survey.absent else { return survey.namesFailure }
        do {
            _ = try await reach.names.snapshot(of: owner)
            return nil
        } catch {
            try Task.checkCancellation()
            return "\(error)"
        }
    }

    // MARK: - Sites

    private func read(_ site: DrillSurvey.Site) async throws -> Outcome {
        let providers = parts.mesh.read { state in
            state.repair.index.holdersToAsk(of: site.publisher, asker: state.mesh.node)
        }
        let left = providers.filter { !reach.absent.contains($0) }
        do {
            var reading = SiteReading(took: meter.took)
            try await reading.read(site.roots, from: left, reach.exchange)
            return .whole
        } catch {
            try Task.checkCancellation()
            return try await readWithoutCopies(site, "\(error)")
        }
    }

    /// No other whole copy can be read: the floor, and at last what is here.
    private func readWithoutCopies(_ site: DrillSurvey.Site, _ copiesFailure: String) async throws -> Outcome {
        var reasons = [copiesFailure]
        if let floor = site.floor {
            do {
                let fetch = SegmentFetch(search: reach.segments.search, reader: reach.segments.reader, grant: nil)
                try await SiteReading(took: meter.took).read(floor, fetch)
                return .whole
            } catch {
                try Task.checkCancellation()
                reasons.append("its floor: \(error)")
            }
        } else {
            reasons.append("it has no floor")
        }
        guard reach.isHere, site.copies.contains(parts.mesh.node) else {
            return .failed(reasons.joined(separator: "; "))
        }
        do {
            var reading = SiteReading(took: meter.took)
            try await reading.read(site.roots, in: parts.base.store, parts.base.work)
            return .onlyHere
        } catch {
            try Task.checkCancellation()
            return .failed((reasons + ["\(error)"]).joined(separator: "; "))
        }
    }

    // MARK: - Objects

    private func read(objects numbers: [Int], _ outcomes: inout [Int: Outcome]) async throws {
        guard let owner = survey.owner, !numbers.isEmpty else { return }
        let fetch = try reach.segments.fetch(for: owner)
        var failures: [Digest: String] = [:]
        var rest = ordered(numbers)[...]
        while !rest.isEmpty {
            var windows: [SegmentWindow] = []
            // A batch ends where a window does: what lies in one comes once, however many objects that are.
            let batch = rest.prefix { item in
                let needed = item.object.map(SegmentWindow.all(of:)) ?? []
                let hasRoom = windows.count < Self.batchWindows
                if hasRoom || needed.count == 1, let first = needed.first,
                    let joined = windows.last?.joined(with: first)
                {
                    windows[windows.count - 1] = joined
                    windows += needed.dropFirst()
                    return true
                }
                guard hasRoom else { return false }
                windows += needed
                return true
            }
            rest = rest.dropFirst(batch.count)
            let cache = WindowCache(of: windows, fetch: fetch)
            for (number, object) in batch {
                try Task.checkCancellation()
                guard let object else {
                    outcomes[number] = kept(number)
                    continue
                }
                outcomes[number] = try await read(object, number, fetch, cache, &failures)
            }
        }
    }

    /// As they lie in their segments, so that a window that several share comes once.
    private func ordered(_ numbers: [Int]) -> [(number: Int, object: SealedObject?)] {
        let all = numbers.map { number -> (place: (UInt64, UInt64), item: (number: Int, object: SealedObject?)) in
            guard case .object(let object) = survey.entries[number - survey.firstObject].content else {
                return ((0, 0), (number, nil))
            }
            guard let first = object.extents.first else { return ((0, 0), (number, object)) }
            let segment = first.segment.id.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return ((segment, UInt64(first.offset)), (number, object))
        }
        return all.sorted { $0.place < $1.place }.map(\.item)
    }

    /// What lies with the names is read with them.
    private func kept(_ number: Int) -> Outcome {
        guard case .unknown = survey.entries[number - survey.firstObject].content else { return .whole }
        return .failed("it was written by a newer version of Holdfast; update this node")
    }

    /// - Parameter failures: Segments that could not be read; what else lies in them is not tried.
    private func read(
        _ object: SealedObject,
        _ number: Int,
        _ fetch: SegmentFetch,
        _ cache: WindowCache,
        _ failures: inout [Digest: String]
    ) async throws -> Outcome {
        let segments = Set(object.extents.map(\.segment.id))
        if let known = segments.compactMap({ failures[$0] }).first { return .failed(known) }
        do {
            var reading = try ObjectReading(object, fetch: fetch, cache: cache)
            var byteCount: UInt64 = 0
            while let bytes = try await reading.next() {
                byteCount += UInt64(bytes.readableBytes)
                try await meter.took(bytes.readableBytes)
            }
            let wanted = survey.inventory.items[number].byteCount
            return byteCount == wanted ? .whole : .failed("it has \(byteCount) bytes, it was stored with \(wanted)")
        } catch {
            try Task.checkCancellation()
            // Which of several segments it was is not known.
            if segments.count == 1, let segment = segments.first, error is NodeError { failures[segment] = "\(error)" }
            return .failed("\(error)")
        }
    }
}

/// Counts what a drill reads, tells how far it is, and keeps it slow enough.
final class DrillMeter: Sendable {
    private struct State {
        var bytes = 0
        var since = 0
        var began = ContinuousClock.now
    }

    private let state = Mutex(State())
    private let report: @Sendable (Int) -> Void

    /// - Parameter report: Called with all bytes so far.
    init(report: @escaping @Sendable (Int) -> Void) {
        self.report = report
    }

    var bytes: Int { state.withLock { $0.bytes } }

    /// Waits until `count` further bytes may have been read.
    @Sendable func took(_ count: Int) async throws {
        let (all, window, began) = state.withLock { state in
            // An idle second gives nothing to catch up with.
            if ContinuousClock.now - state.began > .seconds(1) {
                state.began = .now
                state.since = 0
            }
            state.bytes += count
            state.since += count
            return (state.bytes, state.since, state.began)
        }
        report(all)
        try await DrillReading.pace.wait(window, since: began)
    }
}
