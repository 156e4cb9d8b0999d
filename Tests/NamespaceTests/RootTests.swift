import Core
import GoldenVectors
import Namespace
import Owners
import Testing

@Suite struct RootTests {
    let owner: SigningKey<OwnerRole>
    let device: SigningKey<DeviceRole>
    let reading: ReadingKey

    init() throws {
        owner = try signingKey(31)
        device = try signingKey(32)
        reading = try ReadingKey(Array(repeating: 33, count: 32))
    }

    private func certificate(version: UInt64 = 1, revokedAfter last: UInt64? = nil) throws -> DeviceCertificate {
        try DeviceCertificate(
            device: device.id,
            name: "laptop",
            state: last == nil ? .active : .revoked,
            lastRootVersion: last ?? 0,
            version: version,
            owner: owner
        )
    }

    private func contents(parts: Int = 3, extents: Int = 1) throws -> NamespaceContents {
        try NamespaceContents(
            parts: (0..<parts).map { number in
                let runs = (0..<extents).map { (segment: number * 100 + $0, offset: UInt32(0), count: UInt32(1_000)) }
                return PartReference(object: try object(number, runs), entryCount: 12, byteCount: 990, level: 2)
            },
            highestCounter: 77
        )
    }

    private func root(_ version: UInt64, _ contents: NamespaceContents, seed: UInt64 = 1) throws -> NamespaceRoot {
        var rng = SplitMix64(seed: seed)
        return try NamespaceRoot.sealing(
            contents,
            version: version,
            mesh: meshID,
            expires: start + day(90),
            reading: reading,
            certificate: certificate(),
            device: device,
            using: &rng
        )
    }

    @Test func root_v1_decodesAndOpensVector() throws {
        let contents = try contents()
        let vector = try Vectors.bytes("namespace-root-v1", or: root(5, contents).bytes)
        let decoded = try NamespaceRoot(decoding: vector)
        #expect(try decoded.open(with: reading) == contents)
        #expect(decoded.version == 5 && decoded.mesh == meshID && decoded.expires == start + day(90))
        #expect(decoded.owner == owner.id && decoded.device == device.id)
        #expect(try root(5, contents).bytes == vector)
    }

    @Test func sealedContents_underAnotherKeyOrVersion_doNotOpen() throws {
        let sealed = try root(5, contents())
        let other = try ReadingKey(Array(repeating: 34, count: 32))
        let error = #expect(throws: NamespaceError.self) { try sealed.open(with: other) }
        #expect(error?.code == .cannotOpen)
        let moved = try NamespaceRoot(
            sealed: sealed.sealed,
            version: 6,
            mesh: meshID,
            expires: start,
            certificate: certificate(),
            device: device
        )
        #expect(throws: NamespaceError.self) { try moved.open(with: reading) }
        let empty = try NamespaceRoot(
            sealed: [],
            version: 6,
            mesh: meshID,
            expires: start,
            certificate: certificate(),
            device: device
        )
        #expect(throws: NamespaceError.self) { try empty.open(with: reading) }
    }

    @Test func contents_ofManyParts_fitARoot() throws {
        let largest = try contents(parts: 24, extents: 4)
        #expect(try root(1, largest).open(with: reading) == largest)
        #expect(throws: NamespaceError.self) { try root(1, contents(parts: 24, extents: 20)) }
        #expect(throws: NamespaceError.self) { try contents(parts: 25) }
    }

    @Test func contents_ofALaterVersion_areKeptAsTheyCame() throws {
        let later = try NamespaceContents(parts: [], highestCounter: 1, trailing: [.text("more")])
        #expect(try NamespaceContents(decoding: later.encoded()) == later)
    }

    @Test func hostileBytes_asContents_throwOrDecodeToSomethingValid() throws {
        let good = try contents().encoded()
        var rng = SplitMix64(seed: 4)
        for cut in 0..<good.count {
            #expect(throws: NamespaceError.self) { try NamespaceContents(decoding: Array(good.prefix(cut))) }
        }
        for _ in 0..<3_000 {
            var bad = good
            bad[Int.random(in: 0..<bad.count, using: &rng)] = UInt8.random(in: .min ... .max, using: &rng)
            guard let decoded = try? NamespaceContents(decoding: bad) else { continue }
            #expect(try NamespaceContents(decoding: decoded.encoded()) == decoded)
        }
    }

    @Test func roots_ofARevokedDevice_countUpToTheLast() throws {
        var devices = DeviceList()
        var roots = NamespaceRoots(owner: owner.id)
        devices.insert(try certificate())
        let list = try (1...4).map { try root(UInt64($0), contents()) }
        let taken = [1, 0, 3].map { roots.insert(list[$0], devices: devices, now: start) }
        #expect(taken == [true, false, true])
        #expect(roots.current == [list[3]])
        devices.insert(try certificate(version: 2, revokedAfter: 3))
        roots.prune(devices: devices, now: start)
        #expect(roots.current.isEmpty)
        let late = [3, 2].map { roots.insert(list[$0], devices: devices, now: start) }
        #expect(late == [false, true])
        #expect(roots.current == [list[2]])
        roots.prune(devices: devices, now: start + day(90))
        #expect(roots.current.isEmpty)
    }
}
