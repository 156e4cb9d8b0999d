import Core
import FileFaults
import Foundation
import PieceStore
import TestFolders
import Testing

/// Writing, removing, extending and collecting in an order in which each has something to do, with a checker that knows
/// what was acknowledged.
struct PieceFaultScript {
    /// What must hold after the script, whichever step failed.
    struct Acknowledged {
        var pieces: [Int: SamplePiece] = [:]
        /// Segments that the owner removed for sure.
        var removed: Set<Int> = []
        var extended: Set<Int> = []
        /// What the failed step was about may be there or not.
        var uncertain: Set<Int> = []
        var failures = 0
        var errors: [any Error] = []

        mutating func remove(_ number: Int) {
            pieces[number] = nil
            removed.insert(number)
        }
    }

    private static let sizes = [3000, 70_000, 200_000, 10_000, 66_000, 500]
    static let samples = sizes.enumerated().map { SamplePiece($0.offset, bytes: $0.element) }
    static let until = lease + .seconds(1000)

    func run(_ store: PieceStore, endsAtFailure: Bool = false) -> Acknowledged {
        var state = Acknowledged()
        func step(_ number: Int, _ change: (inout Acknowledged) -> Void, _ body: () throws -> Void) {
            guard !endsAtFailure || state.failures == 0 else { return }
            do {
                try body()
                change(&state)
            } catch {
                state.failures += 1
                state.uncertain.insert(number)
                state.errors.append(error)
            }
        }
        func put(_ number: Int) {
            let piece = Self.samples[number]
            step(number, { $0.pieces[number] = piece }) { try store.put(piece, statement: statement(piece)) }
        }
        put(0)
        let open = try? store.begin(Self.samples[3].description)
        put(1)
        put(2)
        open?.discard()
        var extended = 0
        step(1, { if extended == 1 { $0.extended.insert(1) } }) {
            extended = try store.extendLease([SamplePiece.segment(1)], owner: alice, until: Self.until)
        }
        step(2, { $0.remove(2) }) {
            try store.entomb([SamplePiece.segment(2)], owner: alice, until: Self.until, bytes: [1])
        }
        step(9, { _ in }) { try store.collectAll(now: now) }
        put(3)
        put(4)
        step(0, { $0.pieces[0] = nil }) { try store.remove(SamplePiece.segment(0), 0) }
        // Ends the leases of all but what was extended.
        step(9, { _ in }) { try store.collectAll(now: lease) }
        put(5)
        if state.extended.contains(1) {
            for number in [0, 3, 4, 5] { state.uncertain.insert(number) }
            step(9, { _ in }) { try store.collectAll(now: lease + .milliseconds(1)) }
            for number in [0, 3, 4, 5] { state.pieces[number] = nil }
        }
        return state
    }

    func check(_ store: PieceStore, _ state: Acknowledged, _ replay: Comment) throws {
        try expectSound(store, replay)
        for (number, piece) in state.pieces where !state.uncertain.contains(number) || number == 1 {
            #expect(try store.whole(piece) == piece.bytes, replay)
            #expect(try store.statements(of: piece.segment).count == 1, replay)
        }
        for number in state.extended {
            #expect(try store.description(SamplePiece.segment(number), 0)?.leaseEnd == Self.until, replay)
        }
        for number in state.removed {
            #expect(try !store.contains(SamplePiece.segment(number), 0), replay)
            #expect(code { try store.put(Self.samples[number]) } == .tombstoned, replay)
        }
        for segment in try store.heldSegments() {
            let piece = try #require(Self.samples.first { $0.segment == segment }, replay)
            #expect(try store.whole(piece) == piece.bytes, replay)
        }
        #expect(store.counters.damaged == 0, replay)
    }

    /// Nothing on disk but what the index knows, and nothing left to free.
    func checkResidue(_ store: PieceStore, _ replay: Comment) throws {
        try store.collectAll(now: now)
        try expectSound(store, replay)
        #expect(store.accounting.dead == PieceAmount() && store.accounting.entombed == PieceAmount(), replay)
    }
}
