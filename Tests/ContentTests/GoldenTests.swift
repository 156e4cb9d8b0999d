import Content
import Core
import Testing

/// CIDs that other implementations give for the same content in the profile unixfs-v1-2025.
///
/// Source of the vectors named "kubo": ipfs/kubo `test/cli/cid_profiles_test.go` and the same vectors in
/// ipfs/js-ipfs-unixfs `ipip-499-profiles.spec.ts`. The others come from a builder in Python that was written from the
/// specification alone and gives the kubo CIDs too, also those of the files of 1024 MiB, 1024 MiB + 1 byte and 1025 MiB.
@Suite struct GoldenTests {
    private func file(leaves: [(CID, UInt64)], width: Int = FileDAGBuilder.width) -> (root: String, tsize: UInt64) {
        var builder = FileDAGBuilder(width: width)
        for (cid, size) in leaves { _ = builder.addLeaf(cid, size: size) }
        let end = builder.finish()
        return (end.root.description, end.tsize)
    }

    @Test func smallFile_built_isKubos() {
        let leaf = CID(hashing: Array("hello world".utf8), codec: .raw)
        #expect(file(leaves: [(leaf, 11)]).root == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e")
    }

    @Test func fileOneByteOverOneLeaf_built_isKubos() {
        let bytes = chaCha20(FileDAGBuilder.leafBytes + 1, seed: "chunk-v1-seed")
        let leaf = CID(hashing: bytes[..<FileDAGBuilder.leafBytes], codec: .raw)
        #expect(leaf.description == "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta")
        let rest = CID(hashing: bytes[FileDAGBuilder.leafBytes...], codec: .raw)
        let root = file(leaves: [(leaf, UInt64(FileDAGBuilder.leafBytes)), (rest, 1)]).root
        #expect(root == "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64")
    }

    @Test(arguments: [
        (21, "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4"),  // 262 144 bytes, flat
        (22, "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu"),  // one byte more, HAMT
    ]) func directoryAtTheLimit_built_isKubos(lastNameLength: Int, root: String) throws {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz01234567890-_".utf8)
        let stream = chaCha20(4766 * 11 + 11, seed: "hamt-unixfs-v1-2025").map { alphabet[Int($0) % alphabet.count] }
        let cid = CID(hashing: Array("x".utf8), codec: .raw)
        let entries = (0..<4766).map { number in
            let length = number == 4765 ? lastNameLength : 11
            let name = String(decoding: stream[number * 11..<number * 11 + length], as: UTF8.self)
            return DirectoryEntry(name: name, cid: cid, tsize: 1)
        }
        #expect(try DirectoryBuilder.build(entries).root.description == root)
    }

    @Test(
        arguments: [
            (1, "bafkreiba4ms7ayua7hinde762ana5ws3554qmpzomawzhy3als7iexmwvu", 1_048_576),
            (2, "bafybeibfsg6x5hcdv3w6j5key3ej4i7rust5xjenqhtmk6u6bstilwa3ym", 2_097_261),
            (3, "bafybeiamx33xywcoeza22vqkhgh5mr6i5olbevb3bwuq7v2goqsgoh6fda", 3_145_887),
            (1023, "bafybeido6ith4yctbtswcipyd4obavoeajmbrsehg33eketanhlxg2dm74", 1_072_744_409),
            (1024, "bafybeictldp2bgihvvgfo37f4q5smmfvnasndqgdsnucuygvi7m525vp2i", 1_073_793_035),
            (1025, "bafybeigozl32fmb25bkjus5lpf6xnac3rtiedumwclet7o5qih7e6avjsu", 1_074_841_783),
            (2049, "bafybeihmurovxm4k42jp2mbkftq76dso65mejs2lhm67urqjag2f2efxnm", 2_148_634_872),
        ] as [(Int, String, UInt64)]
    ) func file_built_isTheReferences(leaves: Int, root: String, tsize: UInt64) {
        let result = file(leaves: (0..<leaves).map { (rawCID($0), UInt64(FileDAGBuilder.leafBytes)) })
        #expect(result.root == root && result.tsize == tsize)
    }

    @Test func deepFile_built_isTheReferences() {
        let two = file(leaves: (0..<9).map { (rawCID($0), 10) }, width: 2)
        #expect(two.root == "bafybeie23wgq3uz6c4yqmq3ymfikwlocoeusjdzzn5duq6jkgofxgwmcsi" && two.tsize == 1_034)
        let three = file(leaves: (0..<28).map { (rawCID($0), 10) }, width: 3)
        #expect(three.root == "bafybeiaabny62c4bsxntaaip6runycp4na24qfeh3h5yect67rjdwawuqm" && three.tsize == 2_423)
    }

    @Test(
        arguments: [
            (3, "bafybeib6dhjijotzks7ceaff3ue4c7c7iq4kid65hlc3aedo5yqq7cj5iq", 184),
            (5_000, "bafybeibxmccbdbjdmkwz6bve5wqv6rarh2gqwkgltahtmn6bo25a6agg7a", 361_010),
            (10_000, "bafybeidyq2fgxmh4lrtxh3jz6yxbjcwjh26m5oudw4fvixe5iawyze5bcy", 727_317),
        ] as [(Int, String, UInt64)]
    ) func directory_built_isTheReferences(count: Int, root: String, tsize: UInt64) throws {
        let entries = (0..<count).map { DirectoryEntry(name: "file-\($0).html", cid: rawCID($0), tsize: 5) }
        let result = try DirectoryBuilder.build(entries)
        #expect(result.root.description == root && result.tsize == tsize)
    }
}
