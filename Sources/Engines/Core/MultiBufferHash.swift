import Synchronization

/// SHA-256 of many short messages of one length, which processors with wide registers hash at once.
///
/// On x86-64 the library is Intel's `intel-ipsec-mb` (its job API, `IMB_AUTH_SHA_256`); elsewhere, and where it finds nothing
/// that it could use, messages are hashed one after the other. The digests are the same.
package enum MultiBufferHash {
    /// Hashes `digests.count` messages of `byteCount` bytes each, which lie one after the other in `messages`.
    package static func hash(
        _ messages: UnsafeRawBufferPointer,
        each byteCount: Int,
        into digests: UnsafeMutableBufferPointer<Digest>
    ) {
        precondition(messages.count == digests.count * byteCount, "there are \(messages.count) bytes of messages")
        #if canImport(CIPSecMB)
            if digests.count >= MultiBufferManager.messagesMin, MultiBufferManager.messageBytes.contains(byteCount),
                let manager = MultiBufferManager.take()
            {
                manager.hash(messages, each: byteCount, into: digests)
                manager.giveBack()
                return
            }
        #endif
        for index in digests.indices {
            let message = messages[(index * byteCount)..<((index + 1) * byteCount)]
            digests.initializeElement(at: index, to: Digest(hashing: UnsafeRawBufferPointer(rebasing: message)))
        }
    }
}

#if canImport(CIPSecMB)
    import CIPSecMB

    /// The library's state for hashing on one thread at a time, some 200 KB.
    final class MultiBufferManager: @unchecked Sendable {
        /// With fewer messages than these, one after the other is as fast.
        static let messagesMin = 2

        /// Lengths of messages; the library refuses longer ones than 64 KiB less two bytes.
        static let messageBytes = 1...16_384

        private static let isUsable = MultiBufferManager() != nil
        private static let idle = Mutex<[MultiBufferManager]>([])
        private let state: UnsafeMutablePointer<IMB_MGR>

        /// One that nobody uses now; there are never more than threads that hash at the same time.
        /// - Returns: `nil` where the library cannot work.
        static func take() -> MultiBufferManager? {
            guard isUsable else { return nil }
            return idle.withLock { $0.popLast() } ?? MultiBufferManager()
        }

        func giveBack() { Self.idle.withLock { $0.append(self) } }

        private init?() {
            guard let state = alloc_mb_mgr(0) else { return nil }
            init_mb_mgr_auto(state, nil)
            guard imb_get_errno(state) == 0 else {
                free_mb_mgr(state)
                return nil
            }
            self.state = state
        }

        deinit { free_mb_mgr(state) }

        func hash(
            _ messages: UnsafeRawBufferPointer,
            each byteCount: Int,
            into digests: UnsafeMutableBufferPointer<Digest>
        ) {
            guard let target = UnsafeMutableRawPointer(digests.baseAddress), let source = messages.baseAddress else {
                return
            }
            var doneCount = 0
            for index in digests.indices {
                guard let job = state.pointee.get_next_job(state) else { break }
                Self.describe(job, source + index * byteCount, byteCount, target + index * Digest.byteCount)
                if let done = state.pointee.submit_job(state) { doneCount += Self.completed(done) }
            }
            while let done = state.pointee.flush_job(state) { doneCount += Self.completed(done) }
            precondition(doneCount == digests.count, "hashed \(doneCount) of \(digests.count) messages")
        }

        private static func describe(
            _ job: UnsafeMutablePointer<IMB_JOB>,
            _ message: UnsafeRawPointer,
            _ byteCount: Int,
            _ digest: UnsafeMutableRawPointer
        ) {
            job.pointee.hash_alg = IMB_AUTH_SHA_256
            job.pointee.cipher_mode = IMB_CIPHER_NULL
            job.pointee.cipher_direction = IMB_DIR_ENCRYPT
            job.pointee.chain_order = IMB_ORDER_HASH_CIPHER
            job.pointee.src = message.assumingMemoryBound(to: UInt8.self)
            job.pointee.hash_start_src_offset_in_bytes = 0
            job.pointee.msg_len_to_hash_in_bytes = UInt64(byteCount)
            job.pointee.auth_tag_output = digest.assumingMemoryBound(to: UInt8.self)
            job.pointee.auth_tag_output_len_in_bytes = UInt64(Digest.byteCount)
        }

        private static func completed(_ job: UnsafeMutablePointer<IMB_JOB>) -> Int {
            precondition(
                job.pointee.status == IMB_STATUS_COMPLETED,
                "a hash ended with status \(job.pointee.status.rawValue)"
            )
            return 1
        }
    }
#endif
