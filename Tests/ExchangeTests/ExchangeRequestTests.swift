import Core
import Exchange
import Testing

struct ExchangeRequestTests {
    static let cid = CID(hashing: Array("block".utf8), codec: .raw)

    static let samples: [ExchangeRequest] = [
        .blocks([cid, cid]), .have([]), .entity(root: cid, path: [], bytes: nil),
        .entity(root: cid, path: ["a", "ü"], bytes: 0...0), .hold(publication: [1, 2, 3]), .admit(admission: []),
    ]

    @Test(arguments: samples)
    func request_encodedAndDecoded_isTheSame(request: ExchangeRequest) throws {
        #expect(try ExchangeRequest.decode(path: request.path, body: request.encoded) == request)
    }

    @Test func request_toUnknownPath_isNone() throws {
        #expect(try ExchangeRequest.decode(path: "/nothing", body: []) == nil)
    }

    @Test func wantList_overTheLimit_isTooLarge() {
        let request = ExchangeRequest.blocks(Array(repeating: Self.cid, count: ExchangeRequest.cidsMax + 1))
        #expect {
            try ExchangeRequest.decode(path: "/blocks", body: request.encoded)
        } throws: {
            ($0 as? ExchangeError)?.code == .tooLarge
        }
    }

    @Test func entity_withReversedRange_isMalformed() {
        let body = CBOR.map([
            "root": .link(Self.cid), "path": .array([]), "from": .unsigned(9), "to": .unsigned(3),
        ]).encoded()
        #expect(throws: ExchangeError.self) { try ExchangeRequest.decode(path: "/entity", body: body) }
    }

    @Test(arguments: samples)
    func request_withAnyBitFlipped_neverCrashes(request: ExchangeRequest) {
        let body = request.encoded
        for index in body.indices {
            for bit in 0..<8 {
                var flipped = body
                flipped[index] ^= 1 << UInt8(bit)
                let decoded = try? ExchangeRequest.decode(path: request.path, body: flipped)
                #expect(decoded != request, "byte \(index), bit \(bit) has no meaning")
            }
        }
    }

    @Test(arguments: samples)
    func request_truncated_isMalformed(request: ExchangeRequest) {
        let body = request.encoded
        for length in body.indices {
            #expect(throws: ExchangeError.self) {
                try ExchangeRequest.decode(path: request.path, body: Array(body.prefix(length)))
            }
        }
    }

    @Test func availability_withAnotherCount_isMalformed() throws {
        let answer = Availability([true, false])
        #expect(try Availability(decoding: answer.encoded, count: 2) == answer)
        #expect(throws: ExchangeError.self) { try Availability(decoding: answer.encoded, count: 3) }
    }
}
