import Testing

extension SystemTests {
    struct Publishing {
        @Test func publish_onOneNode_isReadByteForByteThroughAnother() async throws {
            try await withMesh(nodes: 3) { mesh in
                let site = SampleSite(seed: 1)
                let path = try site.write(to: mesh.folder, "site")
                let lines = try await mesh.nodes[1].output("publish", path)
                try #require(lines.count == 3)
                let (name, root) = (lines[0], lines[1])
                #expect(name.hasPrefix("k51"))
                #expect(root.hasPrefix("bafy"))
                #expect(lines[2] == "http://\(mesh.nodes[1].gateway)/ipns/\(name)/")
                for node in mesh.nodes {
                    for (file, bytes) in site.files {
                        for base in ["/ipns/\(name)/", "/ipfs/\(root)/"] {
                            let answer = try await node.get(base + SampleSite.url(file))
                            #expect(answer.status == 200, "\(base)\(file) at node \(node.index)")
                            #expect(answer.body == bytes, "\(base)\(file) at node \(node.index)")
                        }
                    }
                    let index = try await node.get("/ipns/\(name)/")
                    #expect(index.body == site.files["index.html"])
                }
            }
        }

        @Test func site_publishedAgainAndUnpublished_isWhatEveryGatewayServes() async throws {
            try await withMesh(nodes: 3) { mesh in
                let publisher = mesh.nodes[0]
                var site = SampleSite(seed: 2)
                let path = try site.write(to: mesh.folder, "site")
                let first = try await publisher.publish(path)
                #expect(first.copiesPlaced == 3)
                #expect(first.copiesWanted == 5)
                #expect(first.notes.contains { $0.contains("3 of 5 copies") })

                let unchanged = try await publisher.publish(path)
                #expect(unchanged.name == first.name)
                #expect(unchanged.root == first.root)

                let update = Array("changed".utf8)
                site.files["index.html"] = update
                try mesh.folder.write("site/index.html", update)
                let second = try await publisher.publish(path)
                #expect(second.name == first.name)
                #expect(second.root != first.root)
                for node in mesh.nodes {
                    try await eventually("node \(node.index) serves the update") {
                        try await node.get("/ipns/\(first.name)/").body == update
                    }
                    let old = try await node.get("/ipfs/\(first.root)/deep/er/note.txt")
                    #expect(old.status == 200, "the version before stays addressable")
                }

                _ = try await publisher.output("unpublish", "site")
                #expect(try await publisher.names().isEmpty)
                for node in mesh.nodes {
                    try await eventually("node \(node.index) has nothing under the name") {
                        try await node.get("/ipns/\(first.name)/").status == 404
                    }
                    try await eventually("node \(node.index) has freed its copy") {
                        let status = try await node.status()
                        return status.copies.target == 0 && status.storage.used == 0
                    }
                }
                for node in mesh.nodes {
                    #expect(try await node.get("/ipfs/\(second.root)/index.html").status == 404)
                }
            }
        }

        /// Only a part of the site came in with the first answer; the rest is fetched for the second.
        @Test func archive_ofASiteThatWasReadInPart_isWhole() async throws {
            try await withMesh(nodes: 3) { mesh in
                let site = SampleSite(seed: 3)
                let path = try site.write(to: mesh.folder, "site")
                let lines = try await mesh.nodes[0].output("publish", path, "--copies", "1")
                try #require(lines.count == 3)
                let root = lines[1]
                let holder = try await mesh.nodes[0].get("/ipfs/\(root)/?format=car&dag-scope=all")
                #expect(holder.status == 200)
                for node in mesh.nodes.dropFirst() {
                    #expect(try await node.get("/ipfs/\(root)/").body == site.files["index.html"])
                    let archive = try await node.get("/ipfs/\(root)/?format=car&dag-scope=all")
                    #expect(archive.status == 200)
                    #expect(archive.body == holder.body)
                }
            }
        }
    }
}
