import Control
import NIOCore
import Testing

struct ContentFrameTests {
    private static let answer: [UInt8] = [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 1, 4, 0, 0, 0, 0]

    /// Bytes of all frames, and whether the end came.
    private func read(_ answer: [UInt8], inPartsOf size: Int) throws -> (bytes: [UInt8], isComplete: Bool) {
        var reader = ContentFrameReader()
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: answer.count, by: size) {
            try reader.append(ByteBuffer(bytes: answer[start..<min(start + size, answer.count)]))
            while true {
                let event = try reader.next()
                if event == .end { return (bytes, true) }
                guard case .bytes(let part) = event else { break }
                bytes += part.readableBytesView
            }
        }
        if let failure = try reader.failure() { throw failure }
        return (bytes, false)
    }

    @Test(arguments: 1...16)
    func frames_inPartsOfAnySize_giveTheSameBytes(size: Int) throws {
        let result = try read(Self.answer, inPartsOf: size)
        #expect(result.bytes == [1, 2, 3, 4])
        #expect(result.isComplete)
    }

    @Test(arguments: 0..<16)
    func answer_thatIsCutAnywhere_isNotComplete(count: Int) throws {
        #expect(try !read(Array(Self.answer.prefix(count)), inPartsOf: 16).isComplete)
    }

    @Test(arguments: 1...8)
    func error_inTheMiddle_isThatOfTheNode(size: Int) throws {
        let error = ControlError(.unreachable, "too few pieces")
        let answer = Self.answer.prefix(7) + [255, 255, 255, 255] + (try ControlAPI.encode(error))
        #expect(throws: error) { try read(Array(answer), inPartsOf: size) }
    }

    @Test(arguments: [[0, 16, 0, 1], [127, 0, 0, 0], [255, 255, 255, 254], [255, 255, 255, 255, 123]] as [[UInt8]])
    func frame_thatNobodyMaySend_isRefused(answer: [UInt8]) throws {
        let error = #expect(throws: ControlError.self) { try read(answer, inPartsOf: 8) }
        #expect(error?.exitCode == .failed)
    }

    @Test func error_withoutAnEnd_isRefused() throws {
        var reader = ContentFrameReader()
        try reader.append(ByteBuffer(bytes: [255, 255, 255, 255]))
        #expect(try reader.next() == .starved)
        #expect(throws: ControlError.self) {
            for _ in 0..<3 { try reader.append(ByteBuffer(repeating: 32, count: 30_000)) }
        }
    }
}
