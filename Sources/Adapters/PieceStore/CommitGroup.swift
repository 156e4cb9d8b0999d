import Files
import GRDB
import Synchronization

/// Frames that one caller wants to be durable, and the rows that go with them.
final class CommitEntry: Sendable {
    let reservations: [Reservation]
    /// Writes the rows; throws `PieceStoreError` to be refused, before it changes anything.
    let apply: @Sendable (IndexTransaction) throws -> Void
    fileprivate let outcome: Mutex<Result<Void, any Error>?> = Mutex(nil)

    init(_ reservations: [Reservation], apply: @escaping @Sendable (IndexTransaction) throws -> Void) {
        self.reservations = reservations
        self.apply = apply
    }

    fileprivate var isDone: Bool { outcome.withLock { $0 != nil } }

    fileprivate func finish(_ result: Result<Void, any Error>) {
        outcome.withLock { if $0 == nil { $0 = result } }
    }
}

/// Makes frames durable: whoever comes while a commit runs waits, and the next commit takes all that wait.
final class CommitGroup: Sendable {
    private let volumes: VolumeSet
    private let waiting: Mutex<[CommitEntry]> = Mutex([])
    private let turn = Mutex(())
    private let synchronizations = Atomic<Int>(0)

    init(volumes: VolumeSet) {
        self.volumes = volumes
    }

    var synchronizationCount: Int { synchronizations.load(ordering: .relaxed) }

    /// Returns when the frames and rows of `entry` survive a power loss.
    ///
    /// - Parameter write: runs one durable transaction of the index.
    func commit(_ entry: CommitEntry, write: ((IndexTransaction) throws -> Void) throws -> Void) throws {
        waiting.withLock { $0.append(entry) }
        turn.withLock { _ in
            guard !entry.isDone else { return }
            let entries = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            perform(entries, write)
        }
        try entry.outcome.withLock { $0 ?? .success(()) }.get()
    }

    private func perform(_ entries: [CommitEntry], _ write: ((IndexTransaction) throws -> Void) throws -> Void) {
        synchronize(entries)
        let durable = entries.filter { !$0.isDone }
        var gaps: [Extent] = []
        var accepted: [CommitEntry] = []
        do {
            guard !durable.isEmpty else { return }
            try write { transaction in
                accepted = []
                for entry in durable {
                    do {
                        try entry.apply(transaction)
                        accepted.append(entry)
                    } catch let error as PieceStoreError {
                        entry.finish(.failure(error))
                    }
                }
                gaps = try recordPlaces(of: accepted, transaction)
            }
            volumes.noteCommitted(accepted.flatMap { $0.reservations.map(\.extent) })
            volumes.noteRecorded(gaps)
            for entry in accepted { entry.finish(.success(())) }
        } catch {
            for entry in durable { entry.finish(.failure(error)) }
        }
    }

    private func synchronize(_ entries: [CommitEntry]) {
        var failures: [Int64: SystemCallError] = [:]
        var done: Set<Int64> = []
        for entry in entries {
            for reservation in entry.reservations {
                let id = reservation.extent.volume
                if done.insert(id).inserted {
                    do throws(SystemCallError) {
                        synchronizations.add(1, ordering: .relaxed)
                        try volumes.synchronize(reservation.volume)
                    } catch {
                        failures[id] = error
                    }
                }
                if let error = failures[id] { entry.finish(.failure(error)) }
            }
        }
    }

    private func recordPlaces(of entries: [CommitEntry], _ transaction: IndexTransaction) throws -> [Extent] {
        let reservations = entries.flatMap(\.reservations)
        var ends: [Int64: Int] = [:]
        for reservation in reservations {
            let extent = reservation.extent
            ends[extent.volume] = max(ends[extent.volume] ?? 0, extent.end)
            try transaction.setLength(extent.end, ofVolume: extent.volume, salt: reservation.salt)
            if volumes.isRecorded(extent) { try transaction.removeDead(extent) }
        }
        let gaps = volumes.gaps(below: ends, except: Set(reservations.map(\.extent)))
        for gap in gaps { try transaction.addDead(gap) }
        return gaps
    }
}
