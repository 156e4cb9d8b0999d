import Core
import FileFaults
import Foundation
import PieceStore
import TestFolders
import Testing

struct PieceDamageTests {
    private func filled(_ folder: TemporaryFolder, removed: Bool = false) throws -> [SamplePiece] {
        let store = try PieceStore(configuration(folder.store))
        let pieces = (0..<8).map { SamplePiece($0, bytes: 100 + $0 * 9000) }
        for piece in pieces { try store.put(piece, statement: statement(piece)) }
        if removed {
            try store.entomb([pieces[7].segment], owner: alice, until: lease, bytes: [1])
            try store.remove(pieces[6].segment, 0)
            try store.extendLease([pieces[0].segment], owner: alice, until: lease + .seconds(9))
            try store.extendLease([pieces[0].segment], owner: alice, until: lease + .seconds(99))
        }
        return pieces
    }

    @Test func bit_flippedInAVolume_isFoundByReadingOrMended() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let pieces = try filled(folder)
        var (damaged, mended) = (0, 0)
        for name in try folder.volumes() {
            let size = try folder.read("pieces/volumes/" + name).count
            // All over the file, and densely where headers are.
            let starts = stride(from: 4096, to: size, by: 4096).flatMap { start in (0..<8).map { start + 16 + $0 * 67 }
            }
            for offset in starts + Array(stride(from: 5000, to: size, by: 1021)) {
                let copy = try TemporaryFolder()
                defer { withExtendedLifetime(copy) {} }
                try FileManager.default.copyItem(atPath: folder.store, toPath: copy.store)
                try copy.flip("pieces/volumes/" + name, at: offset, mask: 1 << (offset % 8))
                let store = try PieceStore(configuration(copy.store))
                let scrubbed = try store.scrub(from: .start, bytesMax: .max)
                #expect(scrubbed.next == nil && scrubbed.damaged.count <= 1)
                damaged += scrubbed.damaged.count
                mended += scrubbed.mended
                try checkScrubbed(store, scrubbed, pieces)
                try expectSound(store, "\(name) at \(offset)")
            }
        }
        #expect(damaged > 300 && mended > 5)
    }

    private func checkScrubbed(_ store: PieceStore, _ scrubbed: Scrubbed, _ pieces: [SamplePiece]) throws {
        #expect(try store.damaged() == scrubbed.damaged)
        for piece in pieces where !scrubbed.damaged.contains(piece.description.key) {
            #expect(try store.whole(piece) == piece.bytes)
        }
        for key in scrubbed.damaged {
            let piece = try #require(pieces.first { $0.description.key == key })
            #expect(code { _ = try store.whole(piece) } == .damaged)
            #expect(try !store.contains(piece.segment, 0))
            #expect(store.accounting.damaged.count == 1 && store.counters.damaged == 1)
            // Repair writes the piece anew.
            try store.put(piece)
            try store.collectAll(now: now)
            #expect(try store.whole(piece) == piece.bytes && store.contains(piece.segment, 0))
        }
    }

    @Test(arguments: ["deleted", "empty", "truncated", "zeroed", "text"])
    func index_lost_isRebuiltFromTheVolumes(how: String) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let pieces = try filled(folder, removed: true)
        let bytes = try folder.read("pieces/index.sqlite")
        switch how {
        case "deleted": try FileManager.default.removeItem(atPath: folder.store + "/index.sqlite")
        case "empty": try folder.write("pieces/index.sqlite", [])
        case "truncated": try folder.write("pieces/index.sqlite", Array(bytes[..<(bytes.count / 2)]))
        case "zeroed": try folder.write("pieces/index.sqlite", [UInt8](repeating: 0, count: bytes.count))
        default: try folder.write("pieces/index.sqlite", Array("this is no database".utf8))
        }
        let store = try PieceStore(configuration(folder.store))
        #expect(store.opening.rebuilt)
        try checkRebuilt(store, pieces)
        #expect(store.opening.pieces == 7 && store.opening.tombstones == 1)
    }

    private func checkRebuilt(_ store: PieceStore, _ pieces: [SamplePiece], _ comment: Comment? = nil) throws {
        for piece in pieces[..<6] { #expect(try store.whole(piece) == piece.bytes, comment) }
        #expect(try !store.contains(pieces[6].segment, 0) && !store.contains(pieces[7].segment, 0), comment)
        #expect(try store.description(pieces[0].segment, 0)?.leaseEnd == lease + .seconds(99), comment)
        #expect(code { try store.put(pieces[7]) } == .tombstoned, comment)
        try expectSound(store, comment)
        try store.collectAll(now: now)
        #expect(store.accounting.sound.count == 6 && store.accounting.dead.count == 0, comment)
        try expectSound(store, comment)
    }

    @Test func bit_flippedInTheIndex_isFoundAndRebuilt() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let pieces = try filled(folder, removed: true)
        let sound = try folder.read("pieces/index.sqlite")
        var rebuilt = 0
        for offset in stride(from: 0, to: sound.count, by: 211) {
            let copy = try TemporaryFolder()
            defer { withExtendedLifetime(copy) {} }
            try FileManager.default.copyItem(atPath: folder.store, toPath: copy.store)
            try copy.flip("pieces/index.sqlite", at: offset, mask: 1 << (offset % 8))
            do {
                let store = try PieceStore(configuration(copy.store))
                rebuilt += store.opening.rebuilt ? 1 : 0
                // Whatever the index says now, no wrong byte is read.
                for piece in pieces {
                    if let bytes = try? store.whole(piece) { #expect(bytes == piece.bytes) }
                }
                if ((try? store.recount())?.isSound ?? false) == false { store.requestRebuild() }
            }
            let store = try PieceStore(configuration(copy.store))
            rebuilt += store.opening.rebuilt ? 1 : 0
            for piece in pieces[..<6] { #expect(try store.whole(piece) == piece.bytes, "flipped at \(offset)") }
            #expect(try !store.contains(pieces[6].segment, 0) && !store.contains(pieces[7].segment, 0))
            try expectSound(store, "flipped at \(offset)")
        }
        #expect(rebuilt > 10)
    }

    @Test func payload_thatLooksLikeAFrame_isNotTakenForOne() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        // A whole volume of another store as payload.
        let other = try TemporaryFolder()
        defer { withExtendedLifetime(other) {} }
        _ = try filled(other)
        let forged = try other.read("pieces/volumes/000001.pcs")
        do {
            let store = try PieceStore(configuration(folder.store, volumeBytesMax: 8 << 20))
            var description = SamplePiece(50, bytes: 1).description
            description.byteCount = forged.count
            description.root = SamplePiece.root(forged)
            let writer = try store.begin(description)
            try writer.append(forged)
            try writer.commit()
            try store.put(SamplePiece(51, bytes: 5000))
        }
        // The frame's own header is lost, and the index too.
        try folder.flip("pieces/volumes/000001.pcs", at: 4096 + 100, mask: 1)
        try FileManager.default.removeItem(atPath: folder.store + "/index.sqlite")
        let store = try PieceStore(configuration(folder.store))
        #expect(store.opening.rebuilt)
        #expect(try store.heldSegments() == [SamplePiece.segment(51)])
        try expectSound(store)
    }

    @Test func format_thatIsNewer_isRefused() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        _ = try filled(folder)
        var bytes = try folder.read("pieces/index.sqlite")
        bytes[63] += 1
        bytes[71] += 1
        try folder.write("pieces/index.sqlite", bytes)
        #expect(code { _ = try PieceStore(configuration(folder.store)) } == .newerFormat)
        #expect(code { _ = try PieceStore(configuration(folder.store)) } == .newerFormat)
        #expect(try folder.volumes().count == 2)
    }
}
