import Core
import Crypto
import Erasure

/// One segment in memory with all its pieces, and the work on it that needs no file and no socket.
final class SampleSegment {
    /// All units: data first, then parity, piece by piece.
    let all: UnsafeRawBufferPointer

    private static let unitLength = 65_536
    private static let tagLength = 16

    private let memory: UnsafeMutableRawBufferPointer
    private let scratch: UnsafeMutableRawBufferPointer
    private let stripeCount: Int
    private let (dataCount, totalCount, lost): (Int, Int, Int)
    private let coder: ErasureCoder
    private let key = SymmetricKey(size: .bits256)
    private let sealed: AES.GCM.SealedBox

    /// - Parameter lost: Pieces that ``rebuild()`` makes again.
    init(dataCount: Int, totalCount: Int, lost: Int) throws {
        (self.dataCount, self.totalCount, self.lost) = (dataCount, totalCount, lost)
        coder = try ErasureCoder(dataCount: dataCount, totalCount: totalCount)
        stripeCount = (64 << 20) / Self.unitLength / dataCount
        memory = .allocate(byteCount: stripeCount * totalCount * Self.unitLength, alignment: 4_096)
        scratch = .allocate(byteCount: totalCount * Self.unitLength, alignment: 4_096)
        for index in stride(from: 0, to: memory.count, by: 8) {
            memory.storeBytes(of: UInt64(index) &* 0x9E37_79B9_7F4A_7C15, toByteOffset: index, as: UInt64.self)
        }
        all = UnsafeRawBufferPointer(memory)
        let record = memory[..<(Self.unitLength - Self.tagLength)]
        sealed = try AES.GCM.seal(UnsafeRawBufferPointer(rebasing: record), using: key)
    }

    deinit {
        memory.deallocate()
        scratch.deallocate()
    }

    /// The plaintext, or what is sealed: as long as the data pieces.
    var data: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[..<(stripeCount * dataCount * Self.unitLength)])
    }

    private func unit(_ index: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[(index * Self.unitLength)..<((index + 1) * Self.unitLength)])
    }

    func seal() throws {
        for index in 0..<(stripeCount * dataCount) {
            let record = UnsafeRawBufferPointer(rebasing: unit(index).dropLast(Self.tagLength))
            _ = try AES.GCM.seal(record, using: key, nonce: sealed.nonce)
        }
    }

    /// Opens the same record again and again: reading other ones would be a second part of the job.
    func open() throws {
        for _ in 0..<(stripeCount * dataCount) { _ = try AES.GCM.open(sealed, using: key) }
    }

    /// Hashes all pieces, as many messages of the same lengths as their trees have: 64 leaves and 63 nodes for each unit.
    func hash() {
        let leaves = (count: 64, length: 1_025)
        let nodes = (count: 63, length: 65)
        withUnsafeTemporaryAllocation(of: Digest.self, capacity: leaves.count) { digests in
            for index in 0..<(stripeCount * totalCount) {
                let start = min(index * Self.unitLength, memory.count - leaves.count * leaves.length)
                for part in [leaves, nodes] {
                    MultiBufferHash.hash(
                        UnsafeRawBufferPointer(rebasing: memory[start..<(start + part.count * part.length)]),
                        each: part.length,
                        into: UnsafeMutableBufferPointer(rebasing: digests[..<part.count])
                    )
                }
            }
        }
    }

    func encode() throws {
        for stripe in 0..<stripeCount {
            try coder.encode(
                data: (0..<dataCount).map { UnsafeRawBufferPointer(unit(stripe * dataCount + $0)) },
                parity: (0..<(totalCount - dataCount)).map {
                    unit(stripeCount * dataCount + stripe * (totalCount - dataCount) + $0)
                }
            )
        }
    }

    /// Makes the last pieces again from the first ones.
    func rebuild() throws {
        for stripe in 0..<stripeCount {
            try coder.reconstruct(
                present: (0..<dataCount).map { ($0, UnsafeRawBufferPointer(unit(stripe * dataCount + $0))) },
                missing: (0..<lost).map {
                    let target = scratch[($0 * Self.unitLength)..<(($0 + 1) * Self.unitLength)]
                    return (totalCount - lost + $0, UnsafeMutableRawBufferPointer(rebasing: target))
                }
            )
        }
    }
}
