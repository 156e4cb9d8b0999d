import Core
import Foundation
import Mesh
import Testing

/// The bytes of every record of the mesh, as files; a change here is a change of what nodes say to each other.
///
/// Written anew only with `HOLDFAST_WRITE_VECTORS=1`.
struct VectorTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")

    private static func records() -> [String: [UInt8]] {
        var fixtures = RecordFixtures()
        let open = fixtures.invitation()
        let limited = fixtures.invitation(expires: fixtures.now + .seconds(3_600), once: true)
        let admission = limited.admission(of: fixtures.guest, now: fixtures.now)
        return [
            "genesis-v1": fixtures.genesis.bytes,
            "invitation-v1": Array(open.text.utf8),
            "invitation-limited-v1": Array(limited.text.utf8),
            "admission-v1": open.admission(of: fixtures.guest, now: fixtures.now).bytes,
            "admission-countersigned-v1": admission.countersigned(by: fixtures.founder).bytes,
            "node-v1": fixtures.record().bytes,
        ]
    }

    @Test func records_encode_asTheirVectors() throws {
        for (name, bytes) in Self.records().sorted(by: { $0.key < $1.key }) {
            let file = Self.folder.appending(path: name + ".hex")
            let hex = Multibase.base16.encodeBare(bytes) + "\n"
            if ProcessInfo.processInfo.environment["HOLDFAST_WRITE_VECTORS"] == "1" {
                try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
                try hex.write(to: file, atomically: true, encoding: .utf8)
            }
            #expect(try String(contentsOf: file, encoding: .utf8) == hex, "\(name) is encoded otherwise")
        }
    }

    @Test func vectors_decode_andVerify() throws {
        func vector(_ name: String) throws -> [UInt8] {
            let text = try String(contentsOf: Self.folder.appending(path: name + ".hex"), encoding: .utf8)
            return try Multibase.base16.decodeBare(text.filter { !$0.isWhitespace })
        }
        let genesis = try GenesisRecord(decoding: vector("genesis-v1"))
        #expect(try NodeRecord(decoding: vector("node-v1")).mesh == genesis.mesh)
        #expect(try AdmissionRecord(decoding: vector("admission-v1")).isComplete)
        #expect(try AdmissionRecord(decoding: vector("admission-countersigned-v1")).isCountersigned)
        let text = String(decoding: try vector("invitation-limited-v1"), as: UTF8.self)
        #expect(try Invitation(text).certificate.isLimited)
    }
}
