import Control
import Core
import Demo
import NIOCore
import Testing

/// Reading the private file back from nodes that behave, lie, fail, stop or stall.
@Suite(.timeLimit(.minutes(1)))
struct FileReaderTests {
    private static let text = "nobody else reads this"
    private static let file = PrivateFile(
        path: "/f",
        size: text.utf8.count,
        digest: Digest(hashing: Array(text.utf8))
    )

    /// A node that sends `parts`, and then fails with `error` when there is one.
    private static func node(_ parts: [String], error: ControlError? = nil) -> FileReader.Source {
        { take in
            let chunks = AsyncThrowingStream<ByteBuffer, any Error> { stream in
                for part in parts { stream.yield(ByteBuffer(string: part)) }
                stream.finish(throwing: error)
            }
            return try await take(ObjectContentStream(byteCount: file.size, chunks: chunks))
        }
    }

    private func readBacks(_ events: [String], from source: @escaping FileReader.Source) async -> [FileReadBack] {
        let reader = FileReader(file: Self.file, timeMax: .seconds(50), source: source)
        for event in events { reader.read(after: event) }
        #expect(reader.isReading)
        reader.stop()
        await reader.run()
        #expect(!reader.isReading)
        return reader.results
    }

    @Test func file_thatIsWhole_isVerifiedEachTime() async {
        let results = await readBacks(["one", "two"], from: Self.node(["nobody else ", "", "reads this"]))
        #expect(results.map(\.after) == ["one", "two"])
        #expect(results.allSatisfy { $0.failure == nil && $0.bytesVerified == Self.file.size })
    }

    @Test(arguments: [
        ("nobody else reads thiS", "wrong bytes"), ("nobody else", "11 bytes instead of 22"),
        ("nobody else reads this!", "more than the 22 bytes"), ("", "0 bytes instead of 22"),
    ])
    func file_withOtherBytes_isAFailure(sent: String, complaint: String) async {
        let results = await readBacks(["one"], from: Self.node([sent]))
        #expect(results.map(\.bytesVerified) == [0])
        #expect(results.first?.failure?.contains(complaint) == true, "\(results)")
    }

    @Test func node_thatFailsOrIsGone_isAFailureAndTheNextReadingGoesOn() async {
        let error = ControlError(.unreachable, "too few pieces answered")
        let cut = await readBacks(["one", "two"], from: Self.node(["nobody"], error: error))
        #expect(cut.map(\.failure) == [error.message, error.message])
        let gone = await readBacks(["one"], from: { _ in throw error })
        #expect(gone.map(\.failure) == [error.message])
    }

    @Test func node_thatStalls_isAFailureWhenTheTimeIsOver() async {
        let (chunks, _open) = AsyncThrowingStream.makeStream(of: ByteBuffer.self, throwing: (any Error).self)
        let reader = FileReader(file: Self.file, timeMax: .milliseconds(1)) { take in
            try await take(ObjectContentStream(byteCount: Self.file.size, chunks: chunks))
        }
        reader.read(after: "one")
        reader.stop()
        await reader.run()
        #expect(reader.results.first?.failure?.contains("within 1ms") == true, "\(reader.results)")
        _open.finish()
    }

    @Test func news_areToldOnce() async {
        let reader = FileReader(file: Self.file, source: Self.node([Self.text]))
        reader.read(after: "one")
        #expect(reader.takeNews().isEmpty)
        reader.stop()
        await reader.run()
        #expect(reader.takeNews().map(\.after) == ["one"])
        #expect(reader.takeNews().isEmpty)
    }

    @Test func reading_thatIsCancelled_leavesNoResult() async {
        let reader = FileReader(file: Self.file) { _ in
            withUnsafeCurrentTask { $0?.cancel() }
            throw CancellationError()
        }
        reader.read(after: "one")
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await reader.run()
        }
        await task.value
        #expect(reader.results.isEmpty)
    }
}
