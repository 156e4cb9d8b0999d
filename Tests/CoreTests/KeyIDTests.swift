import Core
import Testing

@Suite struct KeyIDTests {
    @Test(arguments: Vectors.names)
    func publishedName_isParsed_printsTheSameName(name: NameVector) throws {
        let key = try PublisherID(name.base36)
        #expect(key.description == name.base36)
        #expect(try PublisherID(name.base32) == key)
        #expect(try PublisherID("z" + Multibase.base58btc.encodeBare(key.cid.bytes)) == key)
        #expect(try Multibase.base58btc.decodeBare(name.multihash) == hex("0024 0801 1220") + key.bytes)
        #expect(try PublisherID(key.bytes) == key)
        #expect(try PublisherID(cid: key.cid) == key)
        #expect(name.base36.hasSuffix(key.short) && key.short.count == 8)
    }

    @Test(arguments: Vectors.ed25519)
    func rfc8032Vector_isSigned_givesItsSignature(vector: Ed25519Vector) throws {
        let key = try SigningKey<NodeRole>(seed: hex(vector.seed))
        #expect(key.id.bytes == hex(vector.publicKey))
        #expect(key.seed == hex(vector.seed))
        #expect(key.id.verifies(hex(vector.signature), over: hex(vector.message)))
        #expect(key.id.verifies(key.signature(over: hex(vector.message)), over: hex(vector.message)))
        #expect(try NodeID(key.id.description) == key.id)
    }

    @Test(arguments: [
        "", "k51", "bafkqaaa", "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",
        "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354",
        "12D3KooWRBy97UB99e3J6hiPesre1MZeuNQvfan4gBziswrRJsNK",  // a multihash, not a CID
        "bafyaajaiaejcbszrcftl53w5t63k6tgiyk7uvrdr3to6pjy76azeib2h4ccm6dgi",  // codec dag-pb
        "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe",  // the hash of an RSA key
        "K51QZI5UQU5DLVJ2BAXNQNDEPEB86CBK3NG7N3I46UZYXZYQJ2XJONZLLNV0V8",
        " k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8",
        "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8/",
        "k051qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8",
    ])
    func textThatNamesNoEd25519Key_isParsed_isRefused(text: String) {
        #expect(refusal { try PublisherID(text) } != nil)
    }

    /// The protobuf forms that are not type Ed25519 followed by 32 bytes, in that order and nothing else.
    @Test(arguments: [
        "", "08011220", "0801121f" + String(repeating: "11", count: 31),
        "0801 1220" + String(repeating: "11", count: 31),
        "08011220" + String(repeating: "11", count: 33), "0802 1220" + String(repeating: "11", count: 32),
        "1220" + String(repeating: "11", count: 32) + "0801", "088100 1220" + String(repeating: "11", count: 32),
    ])
    func malformedKeyProtobuf_isRead_isRefused(protobuf: String) {
        let cid = CID(codec: .libp2pKey, hash: .identity(hex(protobuf)))
        #expect(refusal { try NodeID(cid: cid) } == .invalid)
    }

    @Test(arguments: [0, 1, 31, 33, 64])
    func keyOfWrongLength_isRead_isRefused(count: Int) {
        let bytes = [UInt8](repeating: 7, count: count)
        #expect(refusal { try NodeID(bytes) } == .invalid)
        #expect(refusal { try SigningKey<NodeRole>(seed: bytes) } == .invalid)
    }

    @Test func keys_areSorted_standInByteOrder() throws {
        var rng = SplitMix64(seed: 3)
        let keys = try (0..<200).map { _ in try NodeID(randomBytes(32...32, using: &rng)) }
        let sorted = keys.sorted().map(\.bytes)
        #expect(sorted == keys.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test(arguments: UInt64(0)..<20)
    func generatedKey_isNamedAndParsed_comesBack(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let key = SigningKey<PublisherRole>.generate(using: &rng)
        #expect(key.id.description.hasPrefix("k51qzi5uqu5d"))
        #expect(try PublisherID(key.id.description) == key.id)
        #expect(try SigningKey<PublisherRole>(seed: key.seed).id == key.id)
        var again = SplitMix64(seed: seed)
        #expect(SigningKey<PublisherRole>.generate(using: &again).id == key.id)
    }

    @Test func signature_isDamagedAnywhere_isRefused() throws {
        var rng = SplitMix64(seed: 4)
        let key = SigningKey<NodeRole>.generate(using: &rng)
        let message = Array("over".utf8)
        let signature = key.signature(over: message)
        for bit in 0..<signature.count * 8 {
            var flipped = signature
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.id.verifies(flipped, over: message), "bit \(bit)")
        }
        for count in [0, 1, 32, 63] { #expect(!key.id.verifies(Array(signature.prefix(count)), over: message)) }
        #expect(!key.id.verifies(signature + [0], over: message))
        #expect(!key.id.verifies(signature, over: message + [0]))
        #expect(!SigningKey<NodeRole>.generate(using: &rng).id.verifies(signature, over: message))
    }

    /// RFC 8032 section 5.1.7: the second half of a signature must be below the group order, or it has a twin.
    @Test func signature_withTheGroupOrderAdded_isRefused() throws {
        let vector = try #require(Vectors.ed25519.first)
        let order = Array(hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed").reversed())
        var signature = hex(vector.signature)
        var carry = 0
        for index in 0..<32 {
            carry += Int(signature[32 + index]) + Int(order[index])
            signature[32 + index] = UInt8(truncatingIfNeeded: carry)
            carry >>= 8
        }
        #expect(try !NodeID(hex(vector.publicKey)).verifies(signature, over: hex(vector.message)))
    }
}
