import Control
import Settings
import Synchronization
import Testing

/// Every route of private objects carries its arguments there and its values back.
@Suite(.timeLimit(.minutes(1)))
struct ObjectTests {
    private func withClient(
        _ node: FakeNode = FakeNode(),
        _ body: @escaping @Sendable (ControlClient) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            try await withServer(node, folder: folder) { _, _ in
                try await ControlClient.with(dataFolder: folder, body)
            }
        }
    }

    @Test func put_ofManyPaths_reachesTheNodeWhole() async throws {
        let node = FakeNode()
        let paths = (0..<4_000).map { PutRequest.Path(path: "/home/me/photos/\($0).jpg", name: "photos/\($0).jpg") }
        let request = PutRequest(paths: paths, leaseDays: 7, includeHidden: false, skipUnreadable: true)
        try await withClient(node) { client in
            let result = try await client.put(request) { _ in }
            #expect(result == FakeObjects.result(bytes: 1, objects: 4_000))
        }
        #expect(node.objects.puts.withLock { $0 } == [request])
    }

    @Test func put_overTheLimit_isRefused() async throws {
        let node = FakeNode()
        let paths = [PutRequest.Path(path: String(repeating: "a", count: 1 << 20), name: "a")]
        try await withClient(node) { client in
            let error = await #expect(throws: ControlError.self) {
                try await client.put(PutRequest(paths: paths)) { _ in }
            }
            #expect(error?.exitCode == .usage)
        }
        #expect(node.objects.puts.withLock { $0 } == [])
    }

    @Test func get_streamsProgressThenItsResult() async throws {
        try await withClient { client in
            let steps = Mutex<[OperationProgress]>([])
            let result = try await client.get(GetRequest(name: "abc", path: "/x")) { step in
                steps.withLock { $0.append(step) }
            }
            #expect(result == GetResult(objects: 3, bytes: 2))
            #expect(steps.withLock { $0 } == [FakeNode.step])
        }
    }

    @Test(arguments: [0, 1, 1_000, 2_500])
    func list_ofAnyLength_isCompleteAndSorted(count: Int) async throws {
        let node = FakeNode()
        let names = (0..<count).map { "ü/\($0)" }.sorted()
        node.objects.stored.withLock { stored in
            for name in names { stored[name] = 1 }
            stored["other"] = 2
        }
        try await withClient(node) { client in
            let entries = try await client.list(prefix: "ü/")
            #expect(entries == names.map { FakeObjects.entry($0, 1) })
            let all = try await client.list(prefix: "")
            #expect(all.count == count + 1)
            await #expect(throws: ControlError(.refused, "no")) { try await client.list(prefix: "refused") }
        }
    }

    @Test func stat_ofANameWithEveryKindOfCharacter_isThatOfTheObject() async throws {
        try await withClient { client in
            let status = try await client.stat("a ü/%&=?#+")
            #expect(status == FakeObjects.status)
            await #expect(throws: ControlError(.notFound, "b")) { try await client.stat("b") }
        }
    }

    @Test func remove_tellsWhetherEverythingUnderTheNameGoes() async throws {
        try await withClient { client in
            let result = try await client.remove("a", recursive: true)
            #expect(result == RemoveResult(objects: 2, bytes: 3))
            await #expect(throws: ControlError(.usage, "'a' holds others; use -r")) {
                try await client.remove("a", recursive: false)
            }
        }
    }

    @Test func keys_travelBothWays() async throws {
        let node = FakeNode()
        try await withClient(node) { client in
            let backup = try await client.keyBackup()
            #expect(backup == KeyBackup(phrase: "abandon art", owner: "k51owner"))
            let recovered = try await client.keyRecover(phrase: "a b", deviceName: "laptop")
            #expect(recovered == KeyRecovered(owner: "a b/laptop", objects: 7))
            let invite = try await client.keyAddDevice(name: "phone")
            #expect(invite == DeviceInvite(text: "invite phone"))
            let accepted = try await client.keyAcceptDevice("text")
            #expect(accepted == KeyRecovered(owner: "text", objects: 8))
            try await client.keyRevokeDevice("phone")
            let devices = try await client.keyDevices()
            #expect(devices == [DeviceEntry(device: "k51d", name: "laptop", state: .revoked, isThis: true)])
        }
        #expect(node.objects.revoked.withLock { $0 } == ["phone"])
    }

    @Test(arguments: [nil, true, false])
    func fsck_saysWhetherToRepair(repair: Bool?) async throws {
        try await withClient { client in
            let result = try await client.fsck(repair: repair) { _ in }
            #expect(result.problems == ["\(repair ?? false)"])
            #expect(result.sound == (repair == nil))
        }
    }

    @Test func exit_tellsWhatIsLeft() async throws {
        try await withClient { client in
            let result = try await client.exit { _ in }
            #expect(result == ExitResult(piecesMoved: 1, copiesMoved: 2, left: ["piece 3"]))
        }
    }

    @Test(arguments: [
        "GET /v1/objects", "GET /v1/objects/stat?name=a", "GET /v1/content?name=a", "GET /v1/key/backup",
        "GET /v1/key/devices", "POST /v1/put", "POST /v1/put-content?name=a", "POST /v1/get", "POST /v1/remove",
        "POST /v1/key/recover", "POST /v1/key/add-device", "POST /v1/key/accept-device",
        "POST /v1/key/revoke-device", "POST /v1/fsck", "POST /v1/exit",
    ])
    func route_withAWrongToken_isRefused(route: String) async throws {
        let node = FakeNode()
        try await withFolder { folder in
            try await withServer(node, folder: folder) { address, _ in
                let token = String(repeating: "0", count: 64)
                let answer = try await ControlFixture.exchange(
                    address,
                    "\(route) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: 2\r\n"
                        + "Connection: close\r\n\r\n{}"
                )
                #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(answer)")
                #expect(!answer.contains("abandon"))
            }
        }
        #expect(node.objects.puts.withLock { $0 } == [])
    }

    @Test(arguments: [
        "GET /v1/objects/stat", "GET /v1/content", "POST /v1/put", "POST /v1/put-content",
        "POST /v1/put-content?name=a&lease=0", "POST /v1/put-content?name=a&lease=many", "POST /v1/get",
        "POST /v1/remove", "POST /v1/key/recover", "POST /v1/key/revoke-device",
    ])
    func request_thatMakesNoSense_isRefusedAndChangesNothing(route: String) async throws {
        let node = FakeNode()
        try await withFolder { folder in
            try await withServer(node, folder: folder) { address, _ in
                let token = ControlFixture.read(folder + "/control.token")?.filter { !$0.isWhitespace } ?? ""
                let answer = try await ControlFixture.exchange(
                    address,
                    "\(route) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: 2\r\n"
                        + "Connection: close\r\n\r\n[}"
                )
                #expect(answer.contains(#""exitCode":2"#), "\(answer)")
            }
        }
        #expect(node.objects.puts.withLock { $0 } == [])
    }
}
