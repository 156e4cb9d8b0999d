import Control
import Glibc
import NIOCore
import Testing
import holdfast

struct ObjectCommandTests {
    @Test(
        arguments: [
            ("photos", nil, "photos"), ("./photos/", nil, "photos"), ("/home/me/a.txt", nil, "a.txt"),
            (".", nil, "real"),
            ("a.txt", "docs/b.txt", "docs/b.txt"), ("a.txt", "docs/", "docs/a.txt"), ("photos", "docs/old", "docs/old"),
        ] as [(String, String?, String)]
    )
    func name_ofOnePath_isItsOwnOrTheOneGiven(typed: String, name: String?, expected: String) throws {
        #expect(try ObjectNames.names(of: [(typed, "/x/real")], name: name) == [expected])
    }

    @Test func names_ofSeveralPaths_areUnderTheOneGiven() throws {
        let paths = [(typed: "a.jpg", resolved: "/a.jpg"), (typed: "x/b", resolved: "/x/b")]
        #expect(try ObjectNames.names(of: paths, name: "trip/1") == ["trip/1/a.jpg", "trip/1/b"])
        #expect(try ObjectNames.names(of: paths, name: "trip/") == ["trip/a.jpg", "trip/b"])
        #expect(try ObjectNames.names(of: paths, name: nil) == ["a.jpg", "b"])
    }

    @Test func names_thatTwoPathsWouldGet_areRefused() {
        let paths = [(typed: "x/a", resolved: "/x/a"), (typed: "y/a", resolved: "/y/a")]
        let error = #expect(throws: ControlError.self) { try ObjectNames.names(of: paths, name: nil) }
        #expect(error?.exitCode == .usage)
        #expect(error?.message.contains("x/a and y/a") == true)
    }

    @Test(arguments: [
        "", "/", "/a", "a//b", ".", "a/..", "../a", "a/./b", "a\u{0}", String(repeating: "a", count: 4_097),
    ])
    func name_thatCannotBe_isRefused(name: String) {
        let error = #expect(throws: ControlError.self) { try ObjectNames.checked(name) }
        #expect(error?.exitCode == .usage)
    }

    @Test func name_onATerminal_cannotControlIt() {
        #expect(ObjectNames.printable("a\u{1B}[2J\nb\u{9B}ü") == "a\u{FFFD}[2J\u{FFFD}b\u{FFFD}ü")
        #expect(ObjectNames.last(of: "photos/2024/a.jpg") == "a.jpg")
    }

    @Test func options_beforeALeaf_findIt() {
        #expect(CommandRunner.leafFirst(["key", "--data", "ls", "backup"]) == ["key", "backup", "--data", "ls"])
        #expect(CommandRunner.leafFirst(["key", "--json", "ls"]) == ["key", "ls", "--json"])
        #expect(CommandRunner.leafFirst(["name", "--data", "D", "ls"]) == ["name", "ls", "--data", "D"])
    }

    @Test func summary_ofAPut_saysWhatIsSafe() {
        let result = PutResult(
            objects: 12_345,
            bytes: 1_200_000_000,
            segments: 20,
            piecesPlaced: 400,
            piecesWanted: 600,
            code: "10 of 30",
            operators: 12,
            leaseEndMilliseconds: 1_800_000_000_000
        )
        #expect(
            ObjectText.summary(result)
                == "stored 12345 objects, 1.20 GB, as 10 of 30 pieces on 12 operators, 400 of 600 durable; "
                + "until 2027-01-15"
        )
    }

    @Test func summaries_ofWhatWasResumed_saySo() {
        #expect(
            ObjectText.summary(GetResult(objects: 1, bytes: 3_000_000, bytesResumed: 1_000_000))
                == "wrote 1 object, 3.00 MB; 1.00 MB were written before"
        )
        #expect(ObjectText.summary(GetResult(objects: 2, bytes: 3_000_000)) == "wrote 2 objects, 3.00 MB")
    }

    @Test func stat_namesWhatMostPiecesDependOn() {
        let holder = PieceHolder(index: 3, node: "k51n", operator: "o", hosting: "", jurisdiction: "CH", alive: false)
        let segment = SegmentStatus(
            segment: "bafy",
            k: 1,
            n: 3,
            bytes: 9,
            piecesLive: 2,
            piecesTarget: 3,
            spare: 1,
            holders: [holder],
            worst: Concentrations(operator: .init(name: "o", pieces: 2), hosting: nil, jurisdiction: nil)
        )
        let status = ObjectStatus(
            name: "a",
            kind: .file,
            bytes: 9,
            modifiedMilliseconds: 0,
            leaseEndMilliseconds: 0,
            segments: [segment],
            spare: -2
        )
        let lines = ObjectText.lines(status)
        #expect(lines.contains("spare     2 missing, cannot be rebuilt now"))
        #expect(lines.contains("segment   bafy, 9 bytes, 1 of 3, 2 live of 3 wanted, 1 piece may be lost"))
        #expect(lines.contains("  most with one operator: o, 2 pieces"))
        #expect(lines.contains("  3\tdead\to\t\tCH\tk51n"))
    }

    @Test func stat_ofAFolder_tellsWhatIsKeptWithTheNamesAndNoHolders() {
        let holder = PieceHolder(index: 0, node: "k51n", operator: "o", hosting: "", jurisdiction: "", alive: true)
        let segment = SegmentStatus(
            segment: "bafy",
            k: 1,
            n: 3,
            bytes: 9,
            piecesLive: 3,
            piecesTarget: 3,
            spare: 2,
            holders: [holder],
            worst: Concentrations(operator: nil, hosting: nil, jurisdiction: nil)
        )
        let status = ObjectStatus(
            name: "photos",
            kind: .folder,
            bytes: 9,
            modifiedMilliseconds: 0,
            leaseEndMilliseconds: 0,
            objects: 400,
            objectsWithNames: 7,
            segments: [segment],
            segmentsLeftOut: 2,
            spare: 2
        )
        let lines = ObjectText.lines(status)
        #expect(lines.contains("objects   400, 7 of them kept with the names because they are small"))
        #expect(lines.contains("          and 2 segments that were not looked at"))
        #expect(!lines.contains { $0.contains("k51n") })
    }

    /// Both ends of a pipe.
    private func withPipe(_ body: (_ reading: Int32, _ writing: Int32) async throws -> Void) async throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw ControlError(.failed, "no pipe") }
        signal(SIGPIPE, SIG_IGN)
        try await body(ends[0], ends[1])
    }

    @Test func bytes_throughAPipe_stayAsTheyAre() async throws {
        let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        try await withPipe { reading, writing in
            defer { close(reading) }
            async let written: Bool = {
                defer { close(writing) }
                return try await DescriptorOutput.write(ByteBuffer(bytes: bytes), to: writing)
            }()
            var received: [UInt8] = []
            for try await chunk in DescriptorContent(reading) { received += chunk.readableBytesView }
            let isRead = try await written
            #expect(isRead)
            #expect(received == bytes)
        }
    }

    @Test func reader_thatWentAway_isNoError() async throws {
        try await withPipe { reading, writing in
            defer { close(writing) }
            close(reading)
            let isRead = try await DescriptorOutput.write(ByteBuffer(bytes: [1]), to: writing)
            #expect(!isRead)
        }
    }

    @Test func readAndWrite_thatWouldWaitForever_canBeCancelled() async throws {
        try await withPipe { reading, writing in
            defer {
                close(reading)
                close(writing)
            }
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for try await _ in DescriptorContent(reading) {} }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    _ = try await DescriptorOutput.write(ByteBuffer(repeating: 0, count: 1 << 20), to: writing)
                }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
    }

    @Test(arguments: [
        ("abandon  art\tzoo \r\nmore", "abandon art zoo"), ("abandon", "abandon"), ("", ""), ("\n", ""),
    ])
    func phrase_isTheFirstLineWithSingleSpaces(text: String, phrase: String) async throws {
        try await withPipe { reading, writing in
            defer { close(reading) }
            _ = try await DescriptorOutput.write(ByteBuffer(string: text), to: writing)
            close(writing)
            let line = try await SecretInput.line(from: reading)
            #expect(line == phrase)
        }
    }

    @Test func phrase_thatIsTooLong_isRefused() async throws {
        try await withPipe { reading, writing in
            defer { close(reading) }
            _ = try await DescriptorOutput.write(ByteBuffer(repeating: 97, count: 5_000), to: writing)
            close(writing)
            await #expect(throws: ControlError.self) { try await SecretInput.line(from: reading) }
        }
    }
}
