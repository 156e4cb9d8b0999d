import Control
import Synchronization
import Testing

/// A drill that says every field.
enum FakeDrill {
    static let request = DrillRequest(
        lose: ["operator:a", "33%"],
        allSingle: false,
        sample: 3,
        seed: .max,
        readAll: true
    )

    static func result(_ request: DrillRequest) -> DrillResult {
        DrillResult(
            losses: request.lose.map { DrillLoss(rule: $0, nodes: 2) },
            nodesLost: 4,
            nodes: 12,
            thisNodeLost: request.allSingle,
            tally: DrillTally(reachable: 1, degraded: 2, lost: request.readAll ? 3 : 0),
            reads: DrillReads(
                items: 4,
                of: 6,
                bytes: 7,
                seed: request.seed ?? 1,
                sampled: request.sample,
                sampledOf: 5,
                lostAtMost: 1
            ),
            items: [
                DrillItem(
                    kind: .object,
                    name: "a",
                    bytes: 1,
                    verdict: .lost,
                    wasRead: true,
                    onlyHere: true,
                    copiesNow: 2,
                    copiesLeft: 1,
                    piecesNeeded: 4,
                    piecesNow: 12,
                    piecesLeft: 3,
                    lostWith: [DrillShare(operator: "o", parts: 9)],
                    reason: "too few"
                )
            ],
            itemsLeftOut: 5,
            smallest: [DrillSmallest(kind: "operator", domains: ["a", "b"], item: "a", exact: false)],
            singles: [
                DrillSingle(
                    kind: "hosting",
                    name: "aws",
                    nodes: 3,
                    tally: DrillTally(lost: request.readAll ? 1 : 0),
                    spare: -1,
                    weakest: "a",
                    read: 3
                )
            ],
            singlesLeftOut: 1,
            notes: ["a note"]
        )
    }
}

/// A drill carries its arguments to the node and its values back.
@Suite(.timeLimit(.minutes(1)))
struct DrillTests {
    @Test func drill_streamsProgressThenItsResult() async throws {
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { _, _ in
                try await ControlClient.with(dataFolder: folder) { client in
                    let steps = Mutex<[OperationProgress]>([])
                    let result = try await client.drill(FakeDrill.request) { step in steps.withLock { $0.append(step) }
                    }
                    #expect(result == FakeDrill.result(FakeDrill.request))
                    #expect(steps.withLock { $0 } == [FakeNode.step])
                    let error = await #expect(throws: ControlError.self) {
                        try await client.drill(DrillRequest(lose: ["operator:nobody"])) { _ in }
                    }
                    #expect(error?.exitCode == .notFound)
                }
            }
        }
    }

    @Test func result_losesNothing_onlyIfNoLossThatWasTriedDoes() {
        #expect(FakeDrill.result(DrillRequest()).losesNothing)
        var result = FakeDrill.result(DrillRequest())
        result.singles[0].tally.lost = 1
        #expect(!result.losesNothing)
        result = FakeDrill.result(DrillRequest())
        result.tally.lost = 1
        #expect(!result.losesNothing)
    }
}
