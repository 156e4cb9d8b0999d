import Core
import Logging
import Namespace
import Objects
import Synchronization

/// What earlier puts stored and did not come to name, for a put that stores the same: it is not sent again.
///
/// The content of a segment decides, as its fingerprint tells: which plaintext lies in it as which records. Keys that
/// are taken over with a segment seal nothing any more, so never are two contents sealed alike.
package final class SegmentResumption: Sendable {
    private static let keysPurpose = "holdfast/unnamed-segment-keys/1"
    private static let putPurpose = "holdfast/unnamed-put/1"
    /// Of what is left until the lease ends, the part by which a segment's may end earlier than was asked for.
    private static let leaseShortfallMax: Int64 = 10

    /// Tells apart what is put under different names.
    package let put: Digest
    private let segments: SegmentServices
    private let owner: OwnerIdentity
    private let now: Instant
    private let logger: Logger
    private let fingerprintKey: [UInt8]
    private let sealing: ObjectCipher
    private let left: [Digest: [SegmentJournal.Entry]]
    private let resumed = Mutex<Int>(0)

    /// - Parameters:
    ///   - names: What the put stores, as it will be called.
    ///   - now: The mesh's time.
    /// - Throws: ``RecordStoreError``, and others for a journal that makes no sense.
    package init(
        names: [String],
        segments: SegmentServices,
        owner: OwnerIdentity,
        now: Instant,
        logger: Logger
    ) throws {
        self.segments = segments
        self.owner = owner
        self.now = now
        self.logger = logger
        fingerprintKey = owner.reading.subkey(for: SegmentFingerprint.purpose)
        sealing = try ObjectCipher(key: owner.reading.subkey(for: Self.keysPurpose))
        put = Self.digest(of: names, key: owner.reading.subkey(for: Self.putPurpose))
        var left: [Digest: [SegmentJournal.Entry]] = [:]
        for entry in try segments.journal.entries() where entry.rootVersion == nil {
            if let remains = entry.remains { left[remains.fingerprint, default: []].append(entry) }
        }
        self.left = left
    }

    /// Plaintext that did not have to be sent so far, in bytes.
    package var resumedByteCount: Int { resumed.withLock { $0 } }

    /// What the records in `buffer` are; `nil` for what is sealed already.
    func fingerprint(of buffer: SegmentBuffer) async throws -> Digest? {
        let key = fingerprintKey
        return try await segments.work.run { buffer.fingerprint(key: key) }
    }

    /// What a later put has to know of a segment that is stored now.
    func remains(
        of segment: SegmentReference,
        _ fingerprint: Digest,
        _ keys: SegmentKeys
    ) throws -> SegmentJournal.Remains {
        var generator = SystemRandomNumberGenerator()
        return SegmentJournal.Remains(
            put: put,
            fingerprint: fingerprint,
            sealedKeys: try sealing.sealSmall(keys.seed, in: segment.id.bytes, using: &generator),
            noted: Clock.now()
        )
    }

    /// A segment that holds exactly this and that holders still hold; the batch has it then.
    func take(
        _ fingerprint: Digest,
        of buffer: SegmentBuffer,
        leaseEnd: Instant,
        batch: SegmentJournal.Batch
    ) async throws -> StoredSegment? {
        for entry in left[fingerprint] ?? [] {
            guard let remains = entry.remains,
                let seed = try? sealing.openSmall(remains.sealedKeys, in: entry.segment.id.bytes),
                let keys = try? SegmentKeys(seed: seed),
                try await segments.work.run({ try batch.take(entry) })
            else { continue }
            if let stored = await confirmed(entry.segment, keys, leaseEnd: leaseEnd) {
                resumed.withLock { $0 += buffer.plaintextByteCount }
                return stored
            }
            batch.giveBack(entry.segment)
        }
        return nil
    }

    /// The segment when as many of its pieces are held as it takes to acknowledge one.
    private func confirmed(
        _ reference: SegmentReference,
        _ keys: SegmentKeys,
        leaseEnd: Instant
    ) async -> StoredSegment? {
        do {
            let id = try SegmentID(reference.id.bytes)
            let code = try SegmentCode(dataCount: Int(reference.k), totalCount: Int(reference.n))
            let grant = try segments.grants.grant(of: owner)
            // What was remembered of holders counts for nothing here.
            segments.search.forget(id)
            let known = try await segments.search.find(id, code: code, grant: grant, everything: true)
            let shortfall = leaseEnd.milliseconds - known.record.leaseEnd.milliseconds
            let isLongEnough = shortfall <= (leaseEnd.milliseconds - now.milliseconds) / Self.leaseShortfallMax
            guard isLongEnough, known.record.owner == owner.owner else { return nil }
            let places = try await segments.search.confirmed(known, grant: grant)
            let count = Set(places.map(\.piece)).count
            guard count >= code.acknowledgedAt else {
                logger.info(
                    "a segment of a put that did not end is stored anew",
                    metadata: ["segment": "\(id)", "pieces": "\(count)", "wanted": "\(code.acknowledgedAt)"]
                )
                return nil
            }
            return StoredSegment(record: known.record, durableCount: count, warnings: [], keys: keys)
        } catch {
            logger.info(
                "a segment of a put that did not end is stored anew",
                metadata: ["segment": "\(SegmentID(reference.id))", "error": "\(error)"]
            )
            return nil
        }
    }

    private static func digest(of names: [String], key: [UInt8]) -> Digest {
        var digest = SegmentFingerprint(key: key)
        for (number, name) in names.sorted().enumerated() {
            let bytes = Array(name.utf8)
            digest.begin(firstRecord: UInt64(number), byteCount: bytes.count, endsObject: true)
            bytes.withUnsafeBytes { digest.update($0) }
        }
        return digest.finish()
    }
}
