import Namespace
import Objects

/// What opens the records of an object: it may have another key in each of its segments.
package struct RecordCiphers: Sendable {
    private let firsts: [UInt64]
    private let ciphers: [ObjectCipher]
    /// How many records the object has.
    package let recordCount: UInt64
    /// Length of the object, in bytes.
    package let plaintextByteCount: UInt64

    /// - Throws: ``ObjectsError`` for keys that are none, ``NodeError`` `.corrupt` for extents that cannot be an object.
    package init(_ object: SealedObject) throws {
        let byteCount = object.extents.reduce(0) { $0 + UInt64($1.byteCount) }
        let recordBytes = UInt64(ObjectCipher.recordBytesMax)
        recordCount = (byteCount + recordBytes - 1) / recordBytes
        let tags = recordCount * UInt64(ObjectCipher.tagByteCount)
        guard tags <= byteCount else { throw NodeError(.corrupt, "an object of \(byteCount) bytes has no records") }
        plaintextByteCount = byteCount - tags
        firsts = [0] + object.rekeyings.map(\.firstRecord)
        ciphers = try ([object.key] + object.rekeyings.map(\.key)).map { try ObjectCipher(key: $0) }
    }

    /// What opens a record.
    func cipher(of record: UInt64) -> ObjectCipher {
        var (low, high) = (0, firsts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if firsts[middle] <= record { low = middle } else { high = middle }
        }
        return ciphers[low]
    }

    func isLast(_ record: UInt64) -> Bool { record + 1 == recordCount }
}
