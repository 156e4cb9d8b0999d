import Core
import Gateway
import Glibc
import NIOCore
import Synchronization

/// A source in memory: some blocks are here, some only elsewhere, and every request for more is recorded.
final class MemorySource: ContentSource {
    struct State {
        var local: [CID: [UInt8]] = [:]
        /// Blocks that other nodes have.
        var remote: [CID: [UInt8]] = [:]
        var names: [PublisherID: NameResolution] = [:]
        var failure: ContentUnavailable.Code?
        /// Requests to other nodes are never answered.
        var isStuck = false
        /// Leaves on disk; `nil`: none are offered as extents.
        var file: LeafFile?
        var fetched: [CID] = []
        var fetchedBytes = 0
        var entitiesAsked = 0
        var localReads = 0
    }

    private let state = Mutex(State())

    func with<Value>(_ body: (inout sending State) -> sending Value) -> sending Value {
        state.withLock(body)
    }

    func localBlock(_ cid: CID) throws -> ByteBuffer? {
        state.withLock { state in
            state.localReads += 1
            return state.local[cid].map { ByteBuffer(bytes: $0) }
        }
    }

    func fetchEntity(root: CID, path: [String], bytes: ClosedRange<UInt64>?) async throws(ContentUnavailable) {
        state.withLock { $0.entitiesAsked += 1 }
        try await fetchBlocks([root], under: root)
    }

    func fetchBlocks(_ cids: [CID], under root: CID) async throws(ContentUnavailable) {
        if state.withLock({ $0.isStuck }) {
            try? await Task.sleep(for: .seconds(3_600))
            throw ContentUnavailable(.timedOut, "stuck")
        }
        let failure: ContentUnavailable.Code? = state.withLock { state in
            for cid in cids where state.local[cid] == nil {
                guard let block = state.remote[cid] else { return state.failure ?? .notFound }
                state.local[cid] = block
                state.fetched.append(cid)
                state.fetchedBytes += block.count
            }
            return nil
        }
        if let failure {
            throw ContentUnavailable(failure, "No node has \(cids.map(\.description).joined(separator: ", ")).")
        }
    }

    func extents(of leaves: [CID]) throws -> [FileExtent]? {
        state.withLock { state in
            guard let file = state.file else { return nil }
            var extents: [FileExtent] = []
            for leaf in leaves {
                guard state.local[leaf] != nil, let place = file.places[leaf] else { return nil }
                if let last = extents.last, last.offset + last.length == place.lowerBound {
                    extents[extents.count - 1].length += place.count
                } else {
                    extents.append(FileExtent(file: file, offset: place.lowerBound, length: place.count))
                }
            }
            return extents
        }
    }

    func resolve(_ name: PublisherID) async -> NameResolution? { state.withLock { $0.names[name] } }

    func isLocalRoot(_ cid: CID) -> Bool { state.withLock { $0.local[cid] != nil } }
}

/// Leaves in a temporary file without a name.
final class LeafFile: ExtentFile {
    let descriptor: CInt
    let places: [CID: Range<Int>]
    private let isValid = Atomic(true)

    /// - Parameter gap: Bytes between two leaves: with none they are one extent.
    init?(_ leaves: [(CID, [UInt8])], gap: Int = 0) {
        guard let file = tmpfile() else { return nil }
        defer { fclose(file) }
        var places: [CID: Range<Int>] = [:]
        var position = 0
        for (cid, bytes) in leaves where places[cid] == nil {
            guard pwrite(fileno(file), bytes, bytes.count, off_t(position)) == bytes.count else { return nil }
            places[cid] = position..<position + bytes.count
            position += bytes.count + gap
        }
        self.places = places
        descriptor = dup(fileno(file))
    }

    deinit { close(descriptor) }

    func isUnchanged() -> Bool { isValid.load(ordering: .relaxed) }

    func change() { isValid.store(false, ordering: .relaxed) }
}
