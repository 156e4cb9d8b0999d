import Testing

extension SystemTests {
    struct HostileBytes {
        /// A TLS 1.2 record that promises 512 bytes of ClientHello and brings a few.
        private static let cutHello: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]

        private static let requests: [[UInt8]] = [
            [], [0], Array(repeating: 0xFF, count: 10_000), SampleSite.bytes(100_000, seed: 12), cutHello,
            cutHello + SampleSite.bytes(3_000, seed: 13),
            Array("GET / HTTP/1.1\r\nHost: x\r\nLong: ".utf8) + Array(repeating: 0x61, count: 2_000_000),
            Array("GET /".utf8) + Array(repeating: 0x61, count: 1_000_000) + Array(" HTTP/1.1\r\n\r\n".utf8),
            Array((0..<20_000).map { "H\($0): x\r\n" }.joined().utf8),
            Array("GET / HTTP/1.1\r\n".utf8) + Array((0..<20_000).map { "H\($0): x\r\n" }.joined().utf8),
            Array("POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{".utf8),
            Array("GET /ipfs/%00%ff%2e%2e/ HTTP/1.1\r\nHost: \r\nHost: a\r\nRange: bytes=-,-1-,9-1\r\n\r\n".utf8),
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + SampleSite.bytes(1_000, seed: 14),
        ]

        @Test func node_sentHostileBytesOnEveryPort_goesOnServing() async throws {
            try await withMesh(nodes: 2) { mesh in
                let node = mesh.nodes[0]
                let site = SampleSite(seed: 15, largeFileBytes: 100_000)
                let published = try await node.publish(try site.write(to: mesh.folder, "site"))
                for address in [node.gateway, node.listen, node.control] {
                    for request in Self.requests {
                        _ = try await offPool {
                            try Loopback.exchange(request, with: address, closing: true, patience: .milliseconds(300))
                        }
                        try #require(node.isRunning, "\(address) got \(request.count) bytes; \(node.log)")
                    }
                }
                let answer = try await node.get("/ipns/\(published.name)/large.bin")
                #expect(answer.body == site.files["large.bin"])
                try await mesh.settle(mesh.nodes)
            }
        }
    }
}
