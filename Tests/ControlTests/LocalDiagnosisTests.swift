import Control
import Glibc
import Settings
import Testing

struct LocalDiagnosisTests {
    private func findings(
        dataFolder: String,
        gateway: String = "127.0.0.1:0",
        nodeIsRunning: Bool = false
    ) throws -> [Finding] {
        let resolver = SettingsResolver(
            flags: [
                .data: [dataFolder], .listen: ["127.0.0.1:0"], .gateway: [gateway],
                .control: ["127.0.0.1:0"],
            ],
            environment: [:],
            workingFolder: "/"
        )
        return LocalDiagnosis(configuration: try resolver.resolve(file: nil).configuration)
            .findings(nodeIsRunning: nodeIsRunning)
    }

    @Test func healthyPlace_hasNoProblem() throws {
        let findings = try findings(dataFolder: "/tmp/holdfast-is-not-here")
        #expect(findings.filter { $0.level == .problem } == [])
        #expect(findings.contains { $0.subject.hasPrefix("--gateway") })
    }

    @Test func runningNode_holdsItsPortsItself() throws {
        let findings = try findings(dataFolder: "/tmp", nodeIsRunning: true)
        #expect(!findings.contains { $0.subject.hasPrefix("--") })
    }

    @Test func takenPort_namesItsHolder() async throws {
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { address, _ in
                let found = try findings(dataFolder: folder, gateway: "\(address)").first {
                    $0.level == .problem
                }
                #expect(found?.subject == "--gateway \(address)")
                #expect(found?.cause.contains("(process \(getpid()))") == true, "\(found?.cause ?? "")")
                #expect(found?.advice?.contains("--gateway") == true)
            }
        }
    }

    @Test func addressOfAnotherMachine_isNamed() throws {
        let found = try findings(dataFolder: "/tmp", gateway: "192.0.2.1:80").first {
            $0.level == .problem
        }
        #expect(found?.cause == "192.0.2.1 is no address of this machine")
    }

    @Test func dataFolder_thatIsAFile_isNamed() throws {
        let found = try findings(dataFolder: "/dev/null").first { $0.level == .problem }
        #expect(found?.cause == "/dev/null is no folder")
    }
}
