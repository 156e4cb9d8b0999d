import Control
import Glibc
import Settings
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ControlTests {
    @Test func commands_withTheRightToken_areAnswered() async throws {
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { _, _ in
                try await ControlClient.with(dataFolder: folder) { client in
                    let status = try await client.status()
                    #expect(status == FakeNode.status)
                    let names = try await client.names()
                    #expect(names.isEmpty)
                    let limited = try await client.invite(expires: .seconds(90), once: true)
                    #expect(limited == "invite 90 true")
                    let open = try await client.invite(expires: nil, once: false)
                    #expect(open == "invite never false")
                    let bytes = try await client.exportCAR(cid: "bafy", to: "/x") { _ in }
                    #expect(bytes == 4)
                    let findings = try await client.doctor()
                    #expect(findings.map(\.level) == [.problem])
                }
            }
        }
    }

    @Test func errors_ofTheNode_keepTheirSentenceAndExitCode() async throws {
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { _, _ in
                try await ControlClient.with(dataFolder: folder) { client in
                    await #expect(throws: ControlError(.notFound, "there is no name 'x'")) {
                        try await client.unpublish("x")
                    }
                    await #expect(throws: ControlError(.badInput, "/a.car is damaged")) {
                        try await client.importCAR(path: "/a.car") { _ in }
                    }
                }
            }
        }
    }

    @Test func token_onDisk_isForItsOwnerOnlyAndKept() async throws {
        try await withFolder { folder in
            func token() -> String? {
                var status = stat()
                guard stat(folder + "/control.token", &status) == 0, status.st_mode & 0o777 == 0o600 else {
                    return nil
                }
                return ControlFixture.read(folder + "/control.token")
            }
            try await withServer(FakeNode(), folder: folder) { _, _ in }
            let first = try #require(token())
            #expect(first.utf8.count == 65)
            try await withServer(FakeNode(), folder: folder) { _, _ in }
            #expect(token() == first)
        }
    }

    @Test(arguments: [
        "", "0", String(repeating: "0", count: 64), String(repeating: "0", count: 63) + "ü",
    ])
    func command_withAWrongToken_isRefusedWithItsExitCode(token: String) async throws {
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { address, _ in
                let answer = try await ControlFixture.exchange(
                    address,
                    "GET /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nConnection: close\r\n\r\n"
                )
                #expect(answer.hasPrefix("HTTP/1.1 401 "))
                #expect(!answer.contains("k51node"))
            }
        }
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { _, _ in
                ControlFixture.write(String(repeating: "a", count: 64), to: folder + "/control.token")
                let error = await #expect(throws: ControlError.self) {
                    try await ControlClient.with(dataFolder: folder) { try await $0.status() }
                }
                #expect(error?.exitCode == .unauthorized)
            }
        }
    }

    @Test func token_thatOthersMayRead_isRefusedByTheClient() async throws {
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { _, _ in
                chmod(folder + "/control.token", 0o644)
                let error = await #expect(throws: ControlError.self) {
                    try await ControlClient.with(dataFolder: folder) { try await $0.status() }
                }
                #expect(error?.exitCode == .unauthorized)
            }
        }
    }

    @Test func command_withoutANode_saysSoInOneSentence() async throws {
        try await withFolder { folder in
            let never = await #expect(throws: ControlError.self) {
                try await ControlClient.with(dataFolder: folder) { try await $0.status() }
            }
            #expect(never?.exitCode == .noNode)
            // After `kill -9` the address is still there, and nobody listens.
            try await withServer(FakeNode(), folder: folder) { address, _ in
                ControlFixture.write(
                    #"{"address":"\#(address)","process":1}"#,
                    to: folder + "/control.json"
                )
            }
            let stale = await #expect(throws: ControlError.self) {
                try await ControlClient.with(dataFolder: folder) { try await $0.status() }
            }
            #expect(stale == never)
            #expect(never?.message.contains("holdfast up --data \(folder)") == true)
        }
    }

    @Test func server_thatStops_removesItsAddress() async throws {
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { address, _ in
                #expect(ControlFixture.read(folder + "/control.json")?.contains("\(address)") == true)
            }
            #expect(ControlFixture.read(folder + "/control.json") == nil)
        }
    }

    @Test func server_onATakenPort_failsWithTheCause() async throws {
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { address, _ in
                let second = ControlServer(
                    node: FakeNode(),
                    endpoint: address,
                    dataFolder: folder,
                    logger: .init(label: "test")
                )
                let error = await #expect(throws: ControlError.self) { try await second.run() }
                #expect(error?.exitCode == .inUse)
                #expect(error?.message.contains("\(address)") == true)
            }
        }
    }

    @Test func request_thatMakesNoSense_isRefusedAndChangesNothing() async throws {
        try await withFolder { folder in
            let node = FakeNode()
            try await withServer(node, folder: folder) { address, _ in
                let token =
                    ControlFixture.read(folder + "/control.token")?.filter { !$0.isWhitespace } ?? ""
                for (path, body) in [
                    ("invite", "{"), ("publish", "[]"), ("unpublish", "\u{0}"), ("publish", ""),
                ] {
                    let answer = try await ControlFixture.exchange(
                        address,
                        "POST /v1/\(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
                            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
                    )
                    #expect(answer.contains(#""exitCode":2"#), "\(path): \(answer)")
                }
            }
            #expect(node.requests.isEmpty)
        }
    }
}
