import Core
import Node
import Synchronization
import Testing

struct HedgedRequestTests {
    private struct Refused: Error {}

    private static let nodes: [NodeID] = {
        var rng = SplitMix64(seed: 11)
        return (0..<4).map { _ in SigningKey<NodeRole>.generate(using: &rng).id }
    }()

    @Test func firstAnswer_whenTheFirstFails_comesFromTheNext() async throws {
        let asked = Mutex<[NodeID]>([])
        let answer = try await firstAnswer(of: Self.nodes, hedgeDelay: { _ in .seconds(3_600) }) { node in
            asked.withLock { $0.append(node) }
            if node != Self.nodes[2] { throw Refused() }
            return node
        }
        #expect(answer == Self.nodes[2])
        #expect(asked.withLock { $0 } == Array(Self.nodes.prefix(3)))
    }

    @Test func firstAnswer_whenTheFirstHangs_comesFromTheHedge() async throws {
        let cancelled = Mutex(false)
        let answer = try await firstAnswer(of: Self.nodes, hedgeDelay: { _ in .zero }) { node in
            guard node == Self.nodes[0] else { return node }
            do { try await Task.sleep(for: .seconds(3_600)) } catch { cancelled.withLock { $0 = true } }
            throw Refused()
        }
        #expect(answer != Self.nodes[0])
        #expect(cancelled.withLock { $0 })
    }

    @Test func firstAnswer_whenAllFail_throwsTheFailure() async {
        await #expect(throws: Refused.self) {
            try await firstAnswer(of: Self.nodes, hedgeDelay: { _ in .zero }) { _ -> Int in throw Refused() }
        }
    }

    @Test func firstAnswer_ofNobody_isExhausted() async {
        await #expect(throws: HedgeExhausted.self) {
            try await firstAnswer(of: [], hedgeDelay: { _ in .zero }) { _ in 1 }
        }
    }
}
