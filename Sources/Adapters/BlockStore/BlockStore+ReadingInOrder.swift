import Core
import NIOCore

extension BlockStore {
    /// Most blocks that are looked up at once.
    static let lookUpMax = 256

    /// Reads blocks on their way to somebody who verifies each of them, neighbours on the disk at once.
    ///
    /// As with ``extents(of:at:)``, bytes that were hashed since their volume was opened are not hashed again as long as
    /// nobody else changed the volume. A block that is not here, or whose bytes are wrong, is left out.
    ///
    /// - Parameters:
    ///   - bytesMax: the block that reaches it is the last one.
    ///   - take: gets each block that is here, in order; the bytes are valid during the call.
    /// - Returns: How many of `cids` were dealt with, at least one if there are any.
    public func readInOrder(
        _ cids: ArraySlice<CID>,
        bytesMax: Int,
        take: (CID, UnsafeRawBufferPointer) -> Void
    ) throws -> Int {
        let window = Array(cids.prefix(Self.lookUpMax))
        let found = try locations(of: window)
        var done = 0
        var count = 0
        while done < window.count, count < bytesMax {
            if let run = Self.run(found[done...], bytesMax: bytesMax - count),
                // Nothing of it was taken when it throws: one block at a time, what the disk gives is found.
                let taken = try? readRun(run, window[done...], take)
            {
                done += taken.blocks
                count += taken.bytes
                if taken.blocks == run.ends.count { continue }
            }
            // It lies elsewhere, or is not what it should be.
            if let block = try? read(window[done]) {
                block.withUnsafeReadableBytes { take(window[done], $0) }
                count += block.readableBytes
            }
            done += 1
        }
        return done
    }

    /// Blocks that lie one behind the other.
    private struct Run {
        let volume: Int64
        var range: Range<Int>
        /// Where each block ends.
        var ends: [Int]
    }

    /// The run at the start of `found`; `nil` when its first block does not lie in a volume.
    private static func run(_ found: ArraySlice<LocationCache.Location?>, bytesMax: Int) -> Run? {
        guard let first = found.first ?? nil, first.isInVolume else { return nil }
        var run = Run(volume: first.volume, range: first.range, ends: [first.range.upperBound])
        for next in found.dropFirst() {
            guard let next, next.volume == run.volume, next.range.lowerBound == run.range.upperBound,
                run.range.count < bytesMax
            else { break }
            run.range = run.range.lowerBound..<next.range.upperBound
            run.ends.append(run.range.upperBound)
        }
        return run
    }

    /// Takes the blocks of a run up to the first one that is not what it should be.
    private func readRun(
        _ run: Run,
        _ cids: ArraySlice<CID>,
        _ take: (CID, UnsafeRawBufferPointer) -> Void
    ) throws -> (blocks: Int, bytes: Int) {
        guard let volume = try openVolume(run.volume) else { return (0, 0) }
        let first = run.range.lowerBound
        return try withUnsafeTemporaryAllocation(byteCount: run.range.count, alignment: 64) { buffer in
            let count = try Self.mapErrors {
                try fileSystem.readAll(buffer, from: volume.descriptor, at: first)
            }
            guard count == run.range.count else { return (0, 0) }
            // After the read: what was deleted meanwhile is no longer among what was verified.
            let isVerified = volume.isVerified(run.range)
            var start = first
            for (number, (cid, end)) in zip(cids, run.ends).enumerated() {
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[(start - first)..<(end - first)])
                if !isVerified {
                    guard cid.matches(bytes) else { return (number, start - first) }
                    volume.noteVerified(start..<end)
                }
                take(cid, bytes)
                start = end
            }
            return (run.ends.count, run.range.count)
        }
    }

    /// Where blocks lie, `nil` for each that is not here or carries its bytes itself.
    private func locations(of cids: [CID]) throws -> [LocationCache.Location?] {
        let keys = cids.map { BlockKey($0) }
        let cached = keys.map { key in key.map { locations.location($0) } }
        guard cached.contains(where: { $0 != nil && $0?.location == nil }) else { return cached.map { $0?.location } }
        return try readTogether { database in
            try zip(keys, cached).map { key, cached in
                guard let key, let cached else { return nil }
                if let location = cached.location { return location }
                guard let row = try Self.row(key, database), row.isPresent else { return nil }
                let location = LocationCache.Location(row)
                locations.insert(key, location, unlessRemovedSince: cached.removals)
                return location
            }
        }
    }
}
