import Core
import Objects
import Placement

extension SimulatedHolders {
    // MARK: - Segments

    /// The writer of a segment places its pieces; everybody is there.
    mutating func place(_ number: Int) {
        let id = Digest(hashing: [3] + withUnsafeBytes(of: rng.next()) { Array($0) })
        segments.append(Segment(id: id))
        segmentOf[id] = number
        outcome.segments += 1
        outcome.storedBytes += churn.pieceBytes * UInt64(churn.n)
        let placement = candidates.placePieces(
            PlacementKey(id.bytes),
            count: churn.n,
            perDomainMax: churn.n - churn.k
        )
        for (index, target) in placement.chosen.enumerated() {
            guard let holder = numberOf[target] else { continue }
            store(PieceKey(segment: number, index: index), at: holder)
        }
    }

    /// A piece is durable on a node, which says so to all.
    private mutating func store(_ key: PieceKey, at number: Int) {
        nodes[number].disk[key] = Stored(made: now)
        let piece = HeldPiece(
            segment: segments[key.segment].id,
            index: key.index,
            k: churn.k,
            n: churn.n,
            pieceBytes: churn.pieceBytes,
            leaseEnd: Self.leaseEnd,
            made: now
        )
        if let piece { tell(number) { $0.segmentHeld(piece, now: $1) } }
        let statements = nodes[number].known[key.segment] ?? [:]
        for place in statements.keys.sorted() {
            if let known = statements[place] { tell(number) { $0.statement(known.notice, now: $1) } }
        }
        say(key, .holding, at: number)
    }

    private mutating func say(_ key: PieceKey, _ state: PieceNotice.State, at number: Int) {
        serial += 1
        let notice = PieceNotice(
            segment: segments[key.segment].id,
            index: key.index,
            node: nodes[number].id,
            state: state,
            made: now,
            until: Self.leaseEnd
        )
        let known = Known(notice: notice, version: serial)
        remember(known, at: number)
        for other in nodes.indices where other != number && nodes[other].isUp {
            let delay = Int64.random(in: 1...max(churn.gossipMax.wholeMilliseconds, 1), using: &rng)
            schedule(.told(other, known), after: .milliseconds(delay))
        }
    }

    /// Keeps the newest statement per piece and node.
    @discardableResult
    private mutating func remember(_ known: Known, at number: Int) -> Bool {
        guard let segment = segmentOf[known.notice.segment], let holder = numberOf[known.notice.node] else {
            return false
        }
        let place = holder << 8 | known.notice.index
        if let seen = nodes[number].known[segment]?[place], seen.version >= known.version { return false }
        nodes[number].known[segment, default: [:]][place] = known
        return true
    }

    mutating func hear(_ known: Known, at number: Int) {
        guard nodes[number].isUp, remember(known, at: number) else { return }
        tell(number) { $0.statement(known.notice, now: $1) }
    }

    /// Two nodes tell each other all that they know of these segments.
    mutating func exchange(_ first: Int, _ second: Int, _ list: [Int]) {
        guard nodes[first].isUp, nodes[second].isUp else { return }
        for segment in list {
            for (from, to) in [(first, second), (second, first)] {
                if nodes[from].removed.contains(segment) { drop(segment, at: to) }
                share(segment, from: from, to: to)
            }
        }
    }

    private mutating func share(_ segment: Int, from: Int, to: Int) {
        let statements = nodes[from].known[segment] ?? [:]
        for place in statements.keys.sorted() {
            if let known = statements[place] { hear(known, at: to) }
        }
    }

    /// A node learns that a segment was removed.
    mutating func drop(_ segment: Int, at number: Int) {
        guard nodes[number].removed.insert(segment).inserted else { return }
        let pieces = nodes[number].disk.keys.filter { $0.segment == segment }.sorted { $0.index < $1.index }
        let id = segments[segment].id
        tell(number) { $0.segmentGone(id, now: $1) }
        for key in pieces {
            nodes[number].disk[key] = nil
            say(key, .withdrawn, at: number)
        }
    }

    // MARK: - Effects

    mutating func apply(_ effect: SegmentRepairEffect, of number: Int) {
        switch effect {
        case .rebuild(let segment, let indexes, let targets):
            guard churn.repairs, let segment = segmentOf[segment] else { return }
            begin(segment, indexes, targets.compactMap { numberOf[$0] }, at: number)
        case .cancel(let segment):
            for job in nodes[number].jobs.sorted() where jobs[job].map({ segments[$0.segment].id }) == segment {
                jobs[job] = nil
                nodes[number].jobs.remove(job)
            }
        case .withdraw(let segment, let index):
            guard churn.repairs, let segment = segmentOf[segment] else { return }
            withdraw(PieceKey(segment: segment, index: index), at: number)
        case .sync(let list, let other):
            guard let other = numberOf[other] else { return }
            schedule(.synced(number, other, list.compactMap { segmentOf[$0] }), after: .seconds(1))
        case .wake(let at):
            serial += 1
            nodes[number].wakeSerial = serial
            schedule(.wake(number, serial: serial), after: at - now)
        }
    }

    private mutating func withdraw(_ key: PieceKey, at number: Int) {
        nodes[number].disk[key] = nil
        outcome.withdrawnPieces += 1
        let seen = churn.detection + .seconds(1)
        let hasTwin = nodes.contains { node in
            node.disk[key] != nil && (node.isUp || now - node.since <= seen)
        }
        if !hasTwin { outcome.wrongWithdrawals += 1 }
        say(key, .withdrawn, at: number)
    }

    private mutating func begin(_ segment: Int, _ indexes: [Int], _ targets: [Int], at number: Int) {
        outcome.rebuilds += 1
        let settled = churn.detection + churn.gossipMax + .seconds(5)
        for index in indexes {
            let key = PieceKey(segment: segment, index: index)
            let isThere = nodes.contains { node in
                node.isUp && now - node.since > settled && node.disk[key].map { now - $0.made > settled } ?? false
            }
            if isThere || nodes[number].removed.contains(segment) { outcome.wrongPieces += 1 }
        }
        serial += 1
        let job = Int(serial)
        jobs[job] = Job(repairer: number, segment: segment, indexes: indexes, targets: targets, started: now)
        nodes[number].jobs.insert(job)
        let own = nodes[number].disk.keys.count { $0.segment == segment }
        let fetched = UInt64(max(churn.k - own, 0)) * churn.pieceBytes
        outcome.movedBytes += fetched
        schedule(.transferred(job: job), after: transferTime(fetched + churn.pieceBytes))
    }

    private func transferTime(_ byteCount: UInt64) -> Duration {
        .milliseconds(Int64(byteCount * 1000 / max(churn.bytesPerSecond, 1)) + 1)
    }

    /// The next piece of a rebuild is made, or the rebuild breaks off.
    mutating func transferred(_ id: Int) {
        guard let job = jobs[id], nodes[job.repairer].isUp else { return }
        let available = reachablePieces(of: job.segment)
        if job.done == 0, available < churn.k || churn.failures.occurs(using: &rng) {
            end(id, .tooFewPieces(got: min(available, churn.k - 1), needed: churn.k))
            return
        }
        let target = job.targets[job.done]
        let key = PieceKey(segment: job.segment, index: job.indexes[job.done])
        guard nodes[target].isUp, !nodes[target].removed.contains(job.segment) else {
            end(id, .refused([nodes[target].id]))
            return
        }
        if nodes[target].disk[key] == nil {
            outcome.movedBytes += churn.pieceBytes
            outcome.rebuiltPieces += 1
            if nodes.contains(where: { node in node.disk[key].map { $0.made >= job.started } ?? false }) {
                outcome.doublePieces += 1
            }
            share(job.segment, from: job.repairer, to: target)
            store(key, at: target)
        }
        let (segment, holder) = (segments[job.segment].id, nodes[target].id)
        jobs[id]?.done += 1
        if jobs[id]?.done == job.indexes.count {
            jobs[id] = nil
            nodes[job.repairer].jobs.remove(id)
        } else {
            schedule(.transferred(job: id), after: transferTime(churn.pieceBytes))
        }
        tell(job.repairer) { $0.rebuilt(segment, index: key.index, on: holder, now: $1) }
    }

    private mutating func end(_ id: Int, _ reason: RebuildFailure) {
        guard let job = jobs.removeValue(forKey: id) else { return }
        nodes[job.repairer].jobs.remove(id)
        outcome.failedRebuilds += 1
        let segment = segments[job.segment].id
        tell(job.repairer) { $0.rebuildFailed(segment, reason, now: $1) }
    }
}
