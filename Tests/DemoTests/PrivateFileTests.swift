import Control
import Core
import Demo
import Testing

struct PrivateFileTests {
    @Test(arguments: [1, 7, 4_096, 1 << 20, (2 << 20) + 5])
    func generatedFile_hasItsSizeAndItsHash(size: Int) throws {
        try withFolder { folder in
            let made = try PrivateFile(generating: size, at: folder + "/f", seed: 3)
            #expect(made.size == size)
            #expect(try PrivateFile(existing: folder + "/f") == made)
            #expect(try PrivateFile.size(of: folder + "/f") == size)
        }
    }

    @Test func generatedFile_repeatsWithItsSeedAlone() throws {
        try withFolder { folder in
            let one = try PrivateFile(generating: 10_000, at: folder + "/1", seed: 1)
            let again = try PrivateFile(generating: 10_000, at: folder + "/2", seed: 1)
            let other = try PrivateFile(generating: 10_000, at: folder + "/3", seed: 2)
            #expect(one.digest == again.digest)
            #expect(one.digest != other.digest)
        }
    }

    @Test func file_thatIsThereAlready_isNotOverwritten() throws {
        try withFolder { folder in
            _ = try PrivateFile(generating: 10, at: folder + "/f", seed: 1)
            #expect(throws: ControlError.self) { try PrivateFile(generating: 10, at: folder + "/f", seed: 1) }
        }
    }

    @Test func folderOrNothing_isRefusedAsFile() throws {
        try withFolder { folder in
            for path in [folder, folder + "/absent"] {
                let error = #expect(throws: ControlError.self) { try PrivateFile(existing: path) }
                #expect(error?.exitCode == .badInput)
                #expect(error?.message.contains(path) == true)
            }
        }
    }

    @Test func space_thatIsNotEnough_isRefusedWithWhatToDo() throws {
        #expect(throws: Never.self) { try FreeSpace.check(5_000, at: "/t", forFileOf: 1_000) }
        #expect(throws: Never.self) { try FreeSpace.check(nil, at: "/t", forFileOf: 1_000) }
        for (free, size) in [(4_999, 1_000), (Int.max - 1, Int.max)] {
            let error = #expect(throws: ControlError.self) { try FreeSpace.check(free, at: "/t", forFileOf: size) }
            #expect(error?.exitCode == .full)
            #expect(error?.message.contains("--file none") == true)
            #expect(error?.message.contains("TMPDIR") == true)
        }
        #expect((FreeSpace.bytes(at: "/tmp") ?? 0) > 0)
        #expect(FreeSpace.bytes(at: "/absent/absent") == nil)
    }

    @Test func time_forAFile_growsWithIt() {
        let digest = Digest(hashing: [UInt8]())
        #expect(PrivateFile(path: "/f", size: 0, digest: digest).timeMax == .seconds(30))
        #expect(PrivateFile(path: "/f", size: 50_000_000, digest: digest).timeMax == .seconds(40))
    }

    @Test(arguments: [0, -1, DemoOptions.fileBytesMax + 1])
    func size_outOfRange_isRefused(bytes: Int) {
        let error = #expect(throws: ControlError.self) {
            try DemoOptions(
                nodes: 12,
                site: nil,
                rate: 200,
                seed: 1,
                repairDelay: "2s",
                file: .generated(bytes: bytes),
                keep: false
            )
        }
        #expect(error?.message.contains("--file-size") == true)
    }

    @Test func pieces_ofSeveralSegments_areSummed() {
        func segment(live: Int, target: Int) -> SegmentStatus {
            SegmentStatus(
                segment: "s",
                k: 4,
                n: 12,
                bytes: 1,
                piecesLive: live,
                piecesTarget: target,
                spare: live - 4,
                holders: [],
                worst: Concentrations(operator: nil, hosting: nil, jurisdiction: nil)
            )
        }
        let status = ObjectStatus(
            name: PrivateFile.objectName,
            kind: .file,
            bytes: 1,
            modifiedMilliseconds: 0,
            leaseEndMilliseconds: 0,
            segments: [segment(live: 8, target: 10), segment(live: 10, target: 10)],
            spare: 4
        )
        let count = PieceCount(status)
        #expect(count == PieceCount(live: 18, possible: 20, wanted: 24))
        #expect(count.debt == 6)
        #expect(!count.isComplete)
    }
}
