import Core
import Foundation
import Glibc
import NIOCore
import Namespace
import Node
import Objects
import TestFolders
import Testing

/// What stays of a file whose writing was cut off, and how much of it counts.
struct TargetFileTests {
    private static let recordCount = 70
    private static let lastBytes = 1_000
    private static var byteCount: Int { (recordCount - 1) * ObjectCipher.plaintextBytesMax + lastBytes }

    private let folder: TemporaryFolder
    private let ciphers: RecordCiphers
    private let bytes: [UInt8]
    private let seals: [UInt8]

    private var path: String { folder.path + "/a file" }
    private var identity: Digest { Digest(hashing: Array("version 1".utf8)) }

    init() throws {
        folder = try TemporaryFolder()
        let keys: [[UInt8]] = [Array(repeating: 1, count: 32), Array(repeating: 2, count: 32)]
        let sealedBytes = UInt32(Self.byteCount + Self.recordCount * ObjectCipher.tagByteCount)
        let segment = try SegmentReference(id: Digest(hashing: []), k: 1, n: 1, paddedBytes: sealedBytes)
        let object = try SealedObject(
            key: keys[0],
            rekeyings: [.init(firstRecord: 65, key: keys[1])],
            extents: [Extent(segment: segment, offset: 0, byteCount: sealedBytes)]
        )
        ciphers = try RecordCiphers(object)
        var rng = SplitMix64(seed: 5)
        bytes = (0..<Self.byteCount).map { _ in UInt8(truncatingIfNeeded: rng.next()) }
        var seals: [UInt8] = []
        for record in 0..<Self.recordCount {
            let start = record * ObjectCipher.plaintextBytesMax
            let plaintext = bytes[start..<min(start + ObjectCipher.plaintextBytesMax, bytes.count)]
            var sealed = [UInt8](repeating: 0, count: plaintext.count + ObjectCipher.tagByteCount)
            let cipher = try ObjectCipher(key: keys[record < 65 ? 0 : 1])
            try Array(plaintext).withUnsafeBytes { from in
                try sealed.withUnsafeMutableBytes { to in
                    try cipher.seal(record: UInt64(record), isLast: record == Self.recordCount - 1, from, into: to)
                }
            }
            seals += sealed.suffix(ObjectCipher.tagByteCount)
        }
        self.seals = seals
    }

    private func records(_ range: Range<Int>) -> ObjectReading.Records {
        let end = min(range.upperBound * ObjectCipher.plaintextBytesMax, bytes.count)
        return ObjectReading.Records(
            plaintext: ByteBuffer(bytes: bytes[(range.lowerBound * ObjectCipher.plaintextBytesMax)..<end]),
            seals: ByteBuffer(bytes: seals[(range.lowerBound * 16)..<(range.upperBound * 16)])
        )
    }

    private func write(_ range: Range<Int>) throws {
        let file = try TargetFile(path, identity: identity, keeps: true)
        #expect(try file.recover(ciphers) == UInt64(range.lowerBound))
        try file.write(records(range))
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func part(_ suffix: String) throws -> String {
        folder.path + "/" + (try #require(try names().first { $0.hasSuffix(suffix) }))
    }

    @Test func writing_cutOffTwice_goesOnAndEndsWithTheFileAlone() throws {
        try write(0..<10)
        try write(10..<66)
        #expect(try names().allSatisfy { PartName.isPart($0, of: "a file") } && names().count == 2)
        let file = try TargetFile(path, identity: identity, keeps: true)
        #expect(try file.recover(ciphers) == 66)
        try file.write(records(66..<Self.recordCount))
        try file.finish(mode: 0o644, modified: Instant(milliseconds: 1_000))
        #expect(try names() == ["a file"])
        #expect(try Array(Data(contentsOf: URL(filePath: path))) == bytes)
        withExtendedLifetime(file) {}
        try write(0..<1)
    }

    @Test func recovery_ofWholeFile_countsAllRecords() throws {
        try write(0..<Self.recordCount)
        let file = try TargetFile(path, identity: identity, keeps: true)
        #expect(try file.recover(ciphers) == UInt64(Self.recordCount))
    }

    @Test(arguments: [0, 3, 64, 65, 69])
    func recovery_ofChangedByte_endsBeforeItsRecord(record: Int) throws {
        try write(0..<Self.recordCount)
        let path = try part(".holdfast-part")
        var content = Array(try Data(contentsOf: URL(filePath: path)))
        content[record * ObjectCipher.plaintextBytesMax + 999] ^= 1
        try content.withUnsafeBytes { bytes in
            let descriptor = open(path, O_WRONLY)
            defer { close(descriptor) }
            try #require(Glibc.write(descriptor, bytes.baseAddress, bytes.count) == bytes.count)
        }
        let file = try TargetFile(self.path, identity: identity, keeps: true)
        #expect(try file.recover(ciphers) == UInt64(record))
    }

    @Test func recovery_ofTornFiles_countsWhatBothHave() throws {
        try write(0..<30)
        truncate(try part(".holdfast-seals"), 20 * 16 + 7)
        try #require(try TargetFile(path, identity: identity, keeps: true).recover(ciphers) == 20)
        truncate(try part(".holdfast-part"), 12 * ObjectCipher.plaintextBytesMax + 5)
        #expect(try TargetFile(path, identity: identity, keeps: true).recover(ciphers) == 12)
        // What a file system fills with zeros after a power cut is nothing.
        truncate(try part(".holdfast-part"), 0)
        truncate(try part(".holdfast-part"), 12 * ObjectCipher.plaintextBytesMax)
        let file = try TargetFile(path, identity: identity, keeps: true)
        #expect(try file.recover(ciphers) == 0)
    }

    @Test func otherVersion_ofFile_beginsAnew() throws {
        try write(0..<10)
        let other = try TargetFile(path, identity: Digest(hashing: [2]), keeps: true)
        #expect(try other.recover(ciphers) == 0)
    }

    @Test func sameFile_writtenTwiceAtOnce_isWrittenApart() throws {
        let first = try TargetFile(path, identity: identity, keeps: true)
        try first.write(records(0..<10))
        let second = try TargetFile(path, identity: identity, keeps: true)
        #expect(try second.recover(ciphers) == 0)
        try second.write(records(0..<20))
        #expect(try names().count == 4)
        withExtendedLifetime((first, second)) {}
    }

    @Test func smallFile_cutOff_leavesNothing() throws {
        try {
            let file = try TargetFile(path, identity: identity, keeps: false)
            try file.write(records(0..<2))
            #expect(try names().count == 1)
            withExtendedLifetime(file) {}
        }()
        #expect(try names() == [])
    }

    @Test func part_thatIsALink_isNotFollowed() throws {
        try write(0..<10)
        let path = try part(".holdfast-part")
        unlink(path)
        try #require(symlink("/dev/null", path) == 0)
        #expect(throws: NodeError.self) { try TargetFile(self.path, identity: identity, keeps: true) }
    }

    @Test func names_ofParts_areToldFromOthers() {
        let mark = "0123456789abcdef01234567"
        #expect(PartName.isPart("a.b.\(mark).holdfast-part", of: "a.b"))
        #expect(PartName.isPart("a.b.\(mark).holdfast-seals"))
        #expect(!PartName.isPart("a.b.\(mark).holdfast-part", of: "a"))
        for name in ["a.holdfast-part", ".\(mark).holdfast-part", "a.\(mark.uppercased()).holdfast-part", "a.\(mark)"] {
            #expect(!PartName.isPart(name), "\(name)")
        }
    }
}
