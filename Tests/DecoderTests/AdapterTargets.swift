import Control
import Core
import Decoders
import Gateway
import NIOCore
import Node
import Owners
import Settings
import Transport

/// Decoders above the engines: of HTTP, JSON, files of this node, and what people type.
enum AdapterTargets {
    static func targets() throws -> [DecoderTarget] {
        try gateway() + control() + files() + typed()
    }

    // MARK: - HTTP

    private static let heads = [
        "GET /ipfs/bafkqaddwgevxmmraojswg33smq/a%20b?format=car&entity-bytes=0:9 HTTP/1.1\r\nHost: localhost:8080\r\n"
            + "Accept: application/vnd.ipld.car; version=1; q=0.5, */*\r\nRange: bytes=0-9\r\nIf-None-Match: \"a\"\r\n\r\n",
        "HEAD /ipns/k51qzi5uqu5dglf8holln6n789rvcvqe8y5lb0694dr69tbtq1l1iah45pbxka/ HTTP/1.0\r\n\r\n",
        "GET http://b.ipfs.localhost/ HTTP/1.1\r\nHost: b.ipfs.localhost\r\nX-Forwarded-Proto: https\r\n\r\n",
    ]

    private static func gateway() -> [DecoderTarget] {
        [
            DecoderTarget("HTTPRequestParser", heads.map { DecoderSample(Array($0.utf8)) }) { bytes in
                try bytes.withUnsafeBytes { region in
                    var parser = HTTPRequestParser()
                    switch parser.parse(region) {
                    case .refused(let refusal): throw refusal
                    case .incomplete: throw HTTPRefusal(.badRequest, "the head is not whole")
                    case .head(let head, _):
                        let request = try GatewayRequest(head, in: region)
                        _ = ByteRangeRequest(request.range, length: 1_000)
                        _ = try? NegotiatedFormat(request.target, accept: request.accept)
                        _ = try? GatewayRoute(request, subdomainHosts: [.localhost])
                    }
                }
                return nil
            },
            DecoderTarget("HTTPRequestParser in parts", heads.map { DecoderSample(Array($0.utf8)) }) { bytes in
                var parser = HTTPRequestParser()
                for length in 0...bytes.count {
                    let outcome = bytes.withUnsafeBytes {
                        parser.parse(UnsafeRawBufferPointer(rebasing: $0.prefix(length)))
                    }
                    if case .refused(let refusal) = outcome { throw refusal }
                    if case .head = outcome { return nil }
                }
                throw HTTPRefusal(.badRequest, "the head is not whole")
            },
            DecoderTarget("RequestTarget", text: ["/ipfs/a/b%2Fc?x=1&y=%41", "/"]) { text in
                _ = try RequestTarget(Array(text.utf8))
                return nil
            },
            DecoderTarget("ByteRangeRequest", text: ["bytes=0-9", "bytes=-5", "bytes=7-"]) { text in
                _ = ByteRangeRequest(text, length: 100)
                _ = ByteRangeRequest(text, length: 0)
                return nil
            },
            DecoderTarget("AcceptedMedia", text: ["text/html;q=0.9, application/vnd.ipld.car; order=\"dfs\""]) {
                _ = AcceptedMedia.preferred($0)
                return nil
            },
        ]
    }

    // MARK: - JSON

    private static func control() throws -> [DecoderTarget] {
        let request = PublishRequest(path: "/srv/site", name: "site")
        let frames: [[UInt8]] = [[0, 0, 0, 2, 7, 7, 0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF] + Array("{}".utf8)]
        return [
            DecoderTarget("ControlAPI", [DecoderSample(try ControlAPI.encode(request))]) {
                try ControlAPI.encode(try ControlAPI.decode(PublishRequest.self, from: $0))
            },
            DecoderTarget("ContentFrameReader", frames.map { DecoderSample($0) }) { bytes in
                var reader = ContentFrameReader()
                try reader.append(ByteBuffer(bytes: bytes))
                reading: while true {
                    switch try reader.next() {
                    case .bytes: continue reading
                    case .end, .starved: break reading
                    }
                }
                _ = try? reader.failure()
                return nil
            },
        ]
    }

    // MARK: - Files of this node

    private static func files() throws -> [DecoderTarget] {
        let cid = CID(hashing: [1], codec: .dagPB)
        let key = [UInt8](repeating: 7, count: 32)
        let segment = CBOR.array([.bytes(key), .unsigned(10), .unsigned(30), .unsigned(1_048_320)])
        let held = CBOR.map([
            "publisher": .bytes(key), "sequence": .unsigned(1), "roots": .array([.link(cid)]), "lease": .integer(9),
            "own": .bool(true),
        ])
        let short = CBOR.array([.bytes(key), .unsigned(10), .unsigned(30)])
        let archive = CBOR.map([
            "roots": .array([.link(cid)]), "bytes": .unsigned(9), "segments": .array([short]),
        ])
        let floor = CBOR.map(["stored": archive, "storing": .null, "removing": .array([short])])
        let unnamed = CBOR.map([
            "segment": segment, "version": .unsigned(4), "put": .bytes(key), "fingerprint": .bytes(key),
            "keys": .bytes([1, 2]), "noted": .integer(5),
        ])
        let settings = "# who\noperator = alice\njurisdiction = CH\nstorage = 5GB\njoin = a\njoin = b\n"
        return [
            DecoderTarget("HeldSites", [DecoderSample(held.encoded())]) { bytes in
                _ = try HeldSites.decode(bytes)
                return nil
            },
            DecoderTarget("FloorJournal", [DecoderSample(floor.encoded())]) { bytes in
                _ = try FloorJournal.decode(bytes)
                return nil
            },
            DecoderTarget("SegmentJournal", [DecoderSample(unnamed.encoded())]) { bytes in
                _ = try SegmentJournal.decode(bytes)
                return nil
            },
            DecoderTarget("SettingsFile", text: [settings]) { text in
                let file = try SettingsFile(parsing: text, path: "sample")
                _ = try SettingsResolver(flags: [.data: ["/tmp"]], environment: [:], workingFolder: "/").resolve(
                    file: file
                )
                return nil
            },
        ]
    }

    // MARK: - Typed by people

    private static func typed() throws -> [DecoderTarget] {
        let owner: SigningKey<OwnerRole> = try SigningKey(seed: Array(repeating: 1, count: 32))
        let device: SigningKey<DeviceRole> = try SigningKey(seed: Array(repeating: 2, count: 32))
        let certificate = try DeviceCertificate(
            device: device.id,
            name: "desk",
            state: .active,
            version: 1,
            owner: owner
        )
        let reading = try ReadingKey(Array(repeating: 3, count: 32))
        let invitation = DeviceInvitation(reading: reading, device: device, certificate: certificate).text
        let prefix = "hfd1"
        let inner = try Multibase.base32.decodeBare(invitation.dropFirst(prefix.count))
        let sample = DecoderSample(inner) { Array((prefix + Multibase.base32.encodeBare($0)).utf8) }
        return [
            DecoderTarget("DeviceInvitation", [DecoderSample(Array(invitation.utf8)), sample]) {
                Array(try DeviceInvitation(text: String(decoding: $0, as: UTF8.self)).text.utf8)
            },
            DecoderTarget("PeerAddress", text: ["192.0.2.7:4100", "[2001:db8::7]:4100"]) {
                Array(try PeerAddress($0).description.utf8)
            },
            DecoderTarget("DurationText", text: ["1h", "30d", "250ms", "1.5h"]) {
                _ = try? DurationText.parse($0)
                return nil
            },
            DecoderTarget("ByteCountText", text: ["5GB", "64MiB", "17"]) {
                _ = try? ByteCountText.parse($0)
                return nil
            },
        ]
    }
}
