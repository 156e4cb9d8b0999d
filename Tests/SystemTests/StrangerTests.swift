import Testing

extension SystemTests {
    /// Who is not the owner, and who mistypes what makes one.
    struct Stranger {
        @Test func owner_ofSomethingElse_removesNothingOfThisOnes() async throws {
            try await withMesh(nodes: 3, options: Objects.options) { mesh in
                let (owner, stranger) = (mesh.nodes[0], mesh.nodes[1])
                let bytes = SampleSite.bytes(3_000_000, seed: 50)
                try await owner.put(bytes, as: "mine")
                // Who never stored anything, then who owns something else, also under the same name.
                for text in ["nothing was stored from this machine yet", "nothing is stored under \"mine\""] {
                    let refused = try await stranger.run("rm", "mine")
                    #expect(refused.exitCode == 5)
                    #expect(refused.errorLines.count == 1 && refused.errors.contains(text), "\(refused.errors)")
                    try await stranger.put([1], as: "other")
                }
                try await stranger.put(bytes.reversed(), as: "mine")
                _ = try await stranger.output("rm", "mine")
                #expect(try await owner.output("ls") == ["mine"])
                #expect(try await owner.gives(bytes, as: "mine"))
            }
        }

        @Test func phrase_thatIsWrong_isRefusedWithWhatIsWrongWithIt() async throws {
            try await withMesh(nodes: 2, options: Objects.options) { mesh in
                let (owner, fresh) = (mesh.nodes[0], mesh.nodes[1])
                try await owner.put([1], as: "mine")
                let phrase = try #require(try await owner.output("key", "backup").first)
                let words = phrase.split(separator: " ").map(String.init)
                var wrong = words
                wrong[7] = "holdfastly"
                // A word of the list in the wrong place: the checksum of one in 256 such phrases is right.
                let other = ["abandon", "zoo", "legal"].map { [$0] + words.dropFirst() }
                for (text, said) in [
                    (wrong.joined(separator: " "), "word 8 "),
                    (words.dropLast().joined(separator: " "), "has 12 or 24 words, this one has \(words.count - 1)"),
                ] {
                    let refused = try await fresh.recover(text)
                    #expect(refused.exitCode == 4, "\(refused)")
                    #expect(refused.errors.contains(said), "\(refused.errors)")
                    #expect(refused.output == [])
                }
                let nothing = try await fresh.recover("")
                #expect(nothing.exitCode == 2 && nothing.errors.contains("no phrase on standard input"), "\(nothing)")
                var messages: [String] = []
                for text in other.map({ $0.joined(separator: " ") }) where text != phrase {
                    let refused = try await fresh.recover(text)
                    #expect(refused.exitCode != 0)
                    messages.append(refused.errors)
                }
                #expect(messages.contains { $0.contains("they do not belong together") }, "\(messages)")
                // None of it made an owner here.
                #expect(try await fresh.run("ls").exitCode == 5)
                #expect(try await fresh.recover(phrase).exitCode == 0)
                #expect(try await fresh.output("ls") == ["mine"])
            }
        }
    }
}
