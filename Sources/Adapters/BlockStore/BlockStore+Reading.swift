import Content
import Core
import Files
import GRDB
import NIOCore
import SQLite

extension BlockStore {
    /// Blocks that are used are noted this often at most, in milliseconds.
    static let touchInterval: Int64 = 60_000
    /// Most noted uses between two collections.
    static let touchesMax = 65_536

    // MARK: - Whole blocks

    /// The bytes of a block, hashed now; `nil` when it is not here.
    ///
    /// - Parameter now: notes the use of a cached block; `nil` does not count as a use.
    /// - Throws: ``BlockStoreError`` `.corrupt` when the bytes do not have their hash; the block is then withdrawn,
    ///   unless the error has a cause, which says why that failed.
    public func read(_ cid: CID, at now: Instant? = nil) throws -> ByteBuffer? {
        guard let key = BlockKey(cid) else { return Self.identity(cid) }
        // What was deleted between the look-up and the read reads as something else: look again.
        for _ in 0..<3 {
            guard let location = try location(key) else { return nil }
            if let buffer = try bytes(of: cid, at: location) {
                touch(key, location, now)
                return buffer
            }
            if let error = try takeOut(cid, key, location) { throw error }
        }
        return nil
    }

    private static func identity(_ cid: CID) -> ByteBuffer? {
        guard case .identity(let bytes) = cid.hash else { return nil }
        return ByteBuffer(bytes: bytes)
    }

    /// Withdraws a block whose bytes are wrong. They are wrong all the same where the disk takes no note of it.
    ///
    /// - Returns: What is to be thrown, with a cause when the block could not be withdrawn; `nil` when it has moved or
    ///   gone meanwhile.
    private func takeOut(_ cid: CID, _ key: BlockKey, _ location: LocationCache.Location) throws -> BlockStoreError? {
        do {
            guard try withdraw(key, ifAt: location) else { return nil }
            return BlockStoreError(
                .corrupt,
                "the block \(cid) no longer has its hash on disk; it was withdrawn and will be fetched again",
                cid: cid
            )
        } catch let error as BlockStoreError where [.diskFull, .full, .ioFailed].contains(error.code) {
            return BlockStoreError(
                .corrupt,
                "the block \(cid) no longer has its hash on disk, and could not be withdrawn",
                cid: cid,
                cause: error
            )
        }
    }

    /// The bytes at `location`, `nil` unless they have the hash of `cid`.
    private func bytes(of cid: CID, at location: LocationCache.Location) throws -> ByteBuffer? {
        guard location.isInVolume else {
            return try read { try Self.node(cid, at: location, $0) }
        }
        guard let volume = try openVolume(location.volume) else { return nil }
        var buffer = ByteBufferAllocator().buffer(capacity: location.length)
        let isRight = try Self.mapErrors {
            var isRight = false
            try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: location.length) { region in
                let target = UnsafeMutableRawBufferPointer(rebasing: region[..<location.length])
                let count = try fileSystem.readAll(target, from: volume.descriptor, at: Int(location.offset))
                isRight = count == location.length && cid.matches(UnsafeRawBufferPointer(target))
                return count
            }
            return isRight
        }
        guard isRight else { return nil }
        volume.noteVerified(location.range)
        return buffer
    }

    /// A block that lies in the index, `nil` unless it has the hash of `cid`.
    private static func node(
        _ cid: CID,
        at location: LocationCache.Location,
        _ database: Database
    ) throws -> ByteBuffer? {
        let statement = try RawStatement(database, "SELECT data FROM node WHERE id = ?")
        statement.bind(1, location.offset)
        return try statement.first { cid.matches($0.region(0)) ? ByteBuffer(bytes: $0.region(0)) : nil } ?? nil
    }

    /// `nil` when the file is gone.
    func openVolume(_ id: Int64) throws -> OpenVolume? {
        do {
            return try volumes.open(id)
        } catch let error as SystemCallError where error.isMissing {
            return nil
        } catch {
            return try Self.mapErrors { throw error }
        }
    }

    // MARK: - Where blocks lie

    func location(_ key: BlockKey) throws -> LocationCache.Location? {
        let (cached, removals) = locations.location(key)
        if let cached { return cached }
        let row = try read { try Self.row(key, $0) }
        guard let row, row.isPresent else { return nil }
        let location = LocationCache.Location(row)
        locations.insert(key, location, unlessRemovedSince: removals)
        return location
    }

    static func row(_ key: BlockKey, _ database: Database) throws -> BlockRow? {
        let statement = try RawStatement(
            database,
            "SELECT volume, offset, length, refs, used FROM block WHERE digest = ? AND codec = ?"
        )
        statement.bind(1, key)
        return try statement.first { BlockRow($0) }
    }

    func touch(_ key: BlockKey, _ location: LocationCache.Location, _ now: Instant?) {
        guard let now, location.used > 0, now.milliseconds - location.used > Self.touchInterval else { return }
        touches.withLock { touches in
            guard touches.count < Self.touchesMax || touches[key] != nil else { return }
            touches[key] = now.milliseconds
        }
    }

    /// Whether the block is here.
    public func contains(_ cid: CID) throws -> Bool {
        guard let key = BlockKey(cid) else { return true }
        return try location(key) != nil
    }

    /// The ones of `cids` that are here.
    public func contains(_ cids: [CID]) throws -> Set<CID> {
        try readTogether { database in
            var present: Set<CID> = []
            for cid in cids {
                if let key = BlockKey(cid), try Self.row(key, database)?.isPresent != true { continue }
                present.insert(cid)
            }
            return present
        }
    }

    /// A block's length in bytes, `nil` when it is not here.
    public func length(of cid: CID) throws -> Int? {
        guard let key = BlockKey(cid) else { return Self.identity(cid)?.readableBytes }
        return try location(key)?.length
    }

    /// Blocks that are needed and were withdrawn, at most `max`; they have to be fetched again.
    public func withdrawn(max: Int) throws -> [CID] {
        try read { database in
            let statement = try RawStatement(
                database,
                "SELECT digest, codec FROM block WHERE volume = -1 LIMIT ?"
            )
            statement.bind(1, Int64(max))
            return try statement.all { try $0.key(0).cid }
        }
    }

    // MARK: - Withdrawing

    /// Takes a block whose bytes are wrong out of service.
    ///
    /// - Returns: `false` when the block has moved or gone meanwhile, so that nothing is known to be wrong.
    func withdraw(_ key: BlockKey, ifAt location: LocationCache.Location) throws -> Bool {
        locations.remove([key])
        let withdrawn = try write { transaction in
            guard let row = try transaction.row(key), (row.volume, row.offset) == (location.volume, location.offset)
            else { return false }
            // A place in the index is given to others, and may be this block's again: what was read lay there in between.
            if !location.isInVolume, try Self.node(key.cid, at: location, transaction.database) != nil { return false }
            if row.refs == 0, row.used != 0 {
                try transaction.delete(key, row)
            } else {
                var wrong = row
                wrong.volume = BlockRow.withdrawn
                wrong.offset = 0
                try transaction.update(key, from: row, to: wrong)
            }
            return true
        }
        if withdrawn { counterState.withLock { $0.withdrawn += 1 } }
        return withdrawn
    }

    // MARK: - Extents

    /// Where in files the bytes of raw leaves lie, neighbours joined, in order; `nil` when a leaf is not here.
    ///
    /// Each leaf was hashed since its volume was opened, the ones that were not yet are hashed now. The lengths of the
    /// extents add up to those of the leaves; empty leaves have none.
    ///
    /// - Throws: ``BlockStoreError`` `.corrupt` when a leaf does not have its hash; it is then withdrawn, unless the
    ///   error has a cause, which says why that failed.
    public func extents(of leaves: [CID], at now: Instant? = nil) throws -> [StoredExtent]? {
        for _ in 0..<3 {
            guard let located = try locate(leaves) else { return nil }
            switch try lease(located, now) {
            case .leased(let extents): return extents
            case .notHere: return nil
            case .changed: continue
            }
        }
        return nil
    }

    private typealias Leaf = (cid: CID, key: BlockKey, location: LocationCache.Location)

    private enum LeaseOutcome {
        case leased([StoredExtent])
        case notHere
        /// Something was deleted or changed meanwhile.
        case changed
    }

    private func locate(_ leaves: [CID]) throws -> [Leaf]? {
        var located: [Leaf] = []
        located.reserveCapacity(leaves.count)
        for cid in leaves {
            guard cid.codec == .raw, let key = BlockKey(cid), let location = try location(key) else { return nil }
            if location.length == 0 { continue }
            guard location.isInVolume else { return nil }
            located.append((cid, key, location))
        }
        return located
    }

    private func lease(_ leaves: [Leaf], _ now: Instant?) throws -> LeaseOutcome {
        var runs: [(volume: Int64, range: Range<Int>)] = []
        var open: [Int64: OpenVolume] = [:]
        for leaf in leaves {
            let id = leaf.location.volume
            guard let volume = try open[id] ?? openVolume(id) else {
                guard let error = try takeOut(leaf.cid, leaf.key, leaf.location) else { return .changed }
                guard error.cause == nil else { throw error }
                return .notHere
            }
            open[id] = volume
            if !volume.isVerified(leaf.location.range) {
                guard try verify(leaf.cid, leaf.location.range, in: volume) else {
                    if let error = try takeOut(leaf.cid, leaf.key, leaf.location) { throw error }
                    return .changed
                }
            }
            touch(leaf.key, leaf.location, now)
            if let last = runs.last, last.volume == id, last.range.upperBound == leaf.location.range.lowerBound {
                runs[runs.count - 1].range = last.range.lowerBound..<leaf.location.range.upperBound
            } else {
                runs.append((id, leaf.location.range))
            }
        }
        var leases: [Int64: VolumeLease] = [:]
        for (id, volume) in open {
            guard let lease = volume.lease(runs.filter { $0.volume == id }.map(\.range)) else { return .changed }
            leases[id] = lease
        }
        return .leased(
            runs.compactMap { run in
                leases[run.volume].map {
                    StoredExtent(file: $0, offset: run.range.lowerBound, length: run.range.count)
                }
            }
        )
    }

    /// Hashes a range of a volume through the descriptor that it will be sent from.
    private func verify(_ cid: CID, _ range: Range<Int>, in volume: OpenVolume) throws -> Bool {
        guard case .sha256(let digest) = cid.hash else { return false }
        let found = try Self.mapErrors {
            try withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 64) { buffer -> Digest? in
                var hasher = Hasher256()
                var position = range.lowerBound
                while position < range.upperBound {
                    let part = UnsafeMutableRawBufferPointer(
                        rebasing: buffer[..<min(buffer.count, range.upperBound - position)]
                    )
                    let count = try fileSystem.readAll(part, from: volume.descriptor, at: position)
                    guard count == part.count else { return nil }
                    hasher.update(UnsafeRawBufferPointer(part))
                    position += count
                }
                return hasher.finalize()
            }
        }
        guard found == digest else { return false }
        volume.noteVerified(range)
        return true
    }
}
