import Content
import Core
import Synchronization

/// Why blocks are taken in.
public enum ImportPurpose: Hashable, Sendable {
    /// To be pinned by the commit; durable when the commit returns.
    case pinned
    /// A part of a DAG that is pinned when it is whole; durable, and not evicted before that instant.
    case staged(until: Instant)
    /// To be there when it is asked for again; may be lost or evicted at any time.
    case cache
}

/// What an import brought.
public struct ImportSummary: Hashable, Sendable {
    /// Blocks that were appended, and their bytes.
    public var newBlocks = 0
    public var newBytes = 0
    /// Blocks that the store had.
    public var knownBlocks = 0

    public init() {}
}

/// Takes blocks in; nothing of it is visible or counts before ``commit(pins:at:)`` returned.
///
/// A session that is dropped is aborted. Calls may come from any thread, one after the other.
public final class ImportSession: Sendable {
    /// Most blocks of one session; memory of about 100 bytes each.
    public static let blocksMax = 4_000_000
    /// Most bytes of blocks that are not raw leaves in one session; they are kept in memory until the commit.
    public static let nodeBytesMax = 256 << 20
    /// Leaves are gathered until so many bytes can be written at once.
    static let writeBytesMin = 1 << 20
    /// Most nodes that are looked for in the store at once.
    static let gatheredNodesMax = 1_024
    /// Leaves of so many bytes are written without being gathered.
    static let directBytesMin = 256 << 10

    private let store: BlockStore
    private let purpose: ImportPurpose
    private let lock = Mutex(())
    /// Only touched while `lock` is held.
    private nonisolated(unsafe) var state: State

    /// Where a block of this session lies.
    private enum Place {
        /// In the buffer or among the gathered nodes, not yet looked for in the store.
        case gathered
        case volume(Int64, offset: Int, length: Int)
        /// Position in `nodes`.
        case node(Int)
        /// The store has it.
        case known
    }

    private struct State {
        var places: [BlockKey: Place] = [:]
        var nodes: [[UInt8]] = []
        var nodeBytes = 0
        var writer: VolumeWriter
        var buffer: WriteBuffer
        /// The leaves in the buffer, in order.
        var gathered: [(key: BlockKey, length: Int)] = []
        /// Blocks that are not raw leaves, in order.
        var gatheredNodes: [(key: BlockKey, bytes: [UInt8])] = []
        var gatheredNodeBytes = 0
        var relied: [BlockKey] = []
        var reserved: Int64 = 0
        var taken: Int64 = 0
        var summary = ImportSummary()
        var isOpen = true
        let importsAtStart: UInt64
    }

    init(store: BlockStore, purpose: ImportPurpose, reserved: Int64) {
        self.store = store
        self.purpose = purpose
        state = State(
            writer: VolumeWriter(
                volumes: store.volumes,
                volumeBytesMax: store.configuration.volumeBytesMax,
                isDurable: purpose != .cache
            ),
            buffer: WriteBuffer(),
            reserved: reserved,
            importsAtStart: store.imports.load(ordering: .acquiring)
        )
    }

    deinit {
        abort()
    }

    // MARK: - Taking in

    /// Takes a block in.
    ///
    /// - Parameter hashed: the caller computed `cid` from these very bytes; they are not hashed again.
    /// - Throws: ``BlockStoreError`` `.badBlock`, `.tooLarge`, `.full`, `.diskFull` or `.ioFailed`; after an error of
    ///   the store or the disk the session can only be aborted.
    public func append(_ cid: CID, _ bytes: UnsafeRawBufferPointer, hashed: Bool = false) throws {
        guard let key = BlockKey(cid) else { return }
        guard bytes.count <= Block.bytesMax else {
            throw BlockStoreError(
                .tooLarge,
                "the block \(cid) has \(bytes.count) bytes, at most \(Block.bytesMax) are stored",
                cid: cid
            )
        }
        guard hashed || cid.matches(bytes) else {
            throw BlockStoreError(
                .badBlock,
                "\(bytes.count) bytes are not the block \(cid); fetch it elsewhere",
                cid: cid
            )
        }
        try BlockStore.mapErrors {
            try lock.withLock { _ in
                precondition(state.isOpen, "an import session was used after its end")
                guard state.places[key] == nil else { return }
                guard state.places.count < Self.blocksMax else {
                    throw BlockStoreError(
                        .tooLarge,
                        "an import of more than \(Self.blocksMax) blocks; import it in parts"
                    )
                }
                try append(key, bytes, &state)
            }
        }
    }

    /// Takes a block in; see ``append(_:_:hashed:)``.
    public func append(_ block: Block) throws {
        try block.bytes.withUnsafeBytes { try append(block.cid, $0, hashed: true) }
    }

    private func append(_ key: BlockKey, _ bytes: UnsafeRawBufferPointer, _ state: inout State) throws {
        guard key.isRaw, !bytes.isEmpty else { return try appendNode(key, bytes, &state) }
        if bytes.count >= Self.directBytesMin {
            try flush(&state)
            guard try !isKnown([key], &state)[0] else { return }
            try take(bytes.count, &state)
            let (volume, offset) = try state.writer.append(bytes, onPage: true)
            state.places[key] = .volume(volume, offset: offset, length: bytes.count)
            return
        }
        state.buffer.append(bytes)
        state.gathered.append((key, bytes.count))
        state.places[key] = .gathered
        if state.buffer.count >= Self.writeBytesMin { try flush(&state) }
    }

    private func appendNode(_ key: BlockKey, _ bytes: UnsafeRawBufferPointer, _ state: inout State) throws {
        state.gatheredNodes.append((key, Array(bytes)))
        state.gatheredNodeBytes += bytes.count
        state.places[key] = .gathered
        let isMuch = state.gatheredNodeBytes >= Self.writeBytesMin || state.gatheredNodes.count >= Self.gatheredNodesMax
        if isMuch { try settleNodes(&state) }
    }

    /// Keeps the gathered nodes that the store does not have.
    private func settleNodes(_ state: inout State) throws {
        guard !state.gatheredNodes.isEmpty else { return }
        let known = try isKnown(state.gatheredNodes.map(\.key), &state)
        for ((key, bytes), known) in zip(state.gatheredNodes, known) where !known {
            guard state.nodeBytes + bytes.count <= Self.nodeBytesMax else {
                throw BlockStoreError(
                    .tooLarge,
                    "the folders and file trees of one import take more than \(Self.nodeBytesMax) bytes; import it in parts"
                )
            }
            try take(bytes.count, &state)
            state.places[key] = .node(state.nodes.count)
            state.nodes.append(bytes)
            state.nodeBytes += bytes.count
        }
        (state.gatheredNodes, state.gatheredNodeBytes) = ([], 0)
    }

    /// Writes the gathered leaves that the store does not have, in one piece.
    private func flush(_ state: inout State) throws {
        guard !state.gathered.isEmpty else { return }
        let known = try isKnown(state.gathered.map(\.key), &state)
        var lengths: [(key: BlockKey, length: Int)] = []
        var position = 0
        var kept = 0
        for (leaf, known) in zip(state.gathered, known) {
            if !known {
                state.buffer.move(position..<position + leaf.length, to: kept)
                kept += leaf.length
                lengths.append(leaf)
            }
            position += leaf.length
        }
        state.gathered = []
        defer { state.buffer.removeAll() }
        guard kept > 0 else { return }
        try take(kept, &state)
        let (volume, start) = try state.writer.append(state.buffer.bytes(kept))
        var offset = start
        for leaf in lengths {
            state.places[leaf.key] = .volume(volume, offset: offset, length: leaf.length)
            offset += leaf.length
        }
    }

    /// Which blocks the store has; it keeps them until this session ends.
    private func isKnown(_ keys: [BlockKey], _ state: inout State) throws -> [Bool] {
        let known = try store.rely(on: keys).map { $0 != .absent }
        for (key, known) in zip(keys, known) where known {
            state.places[key] = .known
            state.relied.append(key)
            state.summary.knownBlocks += 1
        }
        return known
    }

    /// What of some blocks is here.
    public struct Presence: Sendable {
        public var present: Set<CID> = []
        /// Inner blocks of which all is here that they link to, directly or not.
        public var whole: Set<CID> = []
    }

    /// Which of `cids` the store has; they stay until this session ends.
    public func presence(of cids: [CID]) throws -> Presence {
        try BlockStore.mapErrors {
            let isSound = try !store.lacksWithdrawn()
            var presence = Presence()
            let stored = cids.filter { BlockKey($0) != nil }
            presence.present = Set(cids).subtracting(stored)
            for (cid, found) in zip(stored, try rely(on: stored.compactMap { BlockKey($0) })) where found != .absent {
                presence.present.insert(cid)
                if isSound, found == .whole, cid.codec == .dagPB { presence.whole.insert(cid) }
            }
            return presence
        }
    }

    /// Which blocks are here with all that they link to, but for what was withdrawn; they stay until this session ends.
    func rely(onWhole keys: [BlockKey]) throws -> [Bool] { try rely(on: keys).map { $0 == .whole } }

    private func rely(on keys: [BlockKey]) throws -> [BlockStore.Presence] {
        try lock.withLock { _ in
            precondition(state.isOpen, "an import session was used after its end")
            let found = try store.rely(on: keys)
            for (key, found) in zip(keys, found) where found != .absent { state.relied.append(key) }
            return found
        }
    }

    /// Counts bytes that are about to be stored against the limits.
    private func take(_ bytes: Int, _ state: inout State) throws {
        state.taken += Int64(bytes)
        state.summary.newBytes += bytes
        let more = state.taken - state.reserved
        guard more > 0 else { return }
        try store.reserve(more, cache: purpose == .cache, now: nil)
        state.reserved += more
    }

    // MARK: - End

    /// Makes all blocks of the session visible and adds `pins`, all or nothing.
    ///
    /// Blocks that no pin reaches are cached. Returns when it is durable, except for a session of the purpose `.cache`
    /// without pins.
    ///
    /// - Parameter now: when cached blocks count as last used.
    /// - Throws: ``BlockStoreError`` `.incomplete` when a pinned DAG has a block that is neither in the session nor in
    ///   the store; `.diskFull`, `.ioFailed`. The session is then aborted.
    @discardableResult
    public func commit(pins: [Pin] = [], at now: Instant) throws -> ImportSummary {
        try commit(pins: pins, at: now, memory: nil)
    }

    func commit(pins: [Pin], at now: Instant, memory: ImportMemory.Update?) throws -> ImportSummary {
        try BlockStore.mapErrors {
            try lock.withLock { _ in
                precondition(state.isOpen, "an import session was used after its end")
                do {
                    try commit(pins, now, memory, &state)
                } catch {
                    discard(&state)
                    throw error
                }
                end(&state)
                return state.summary
            }
        }
    }

    private func commit(_ pins: [Pin], _ now: Instant, _ memory: ImportMemory.Update?, _ state: inout State) throws {
        try flush(&state)
        try settleNodes(&state)
        let isDurable = purpose != .cache || !pins.isEmpty
        if isDurable { try state.writer.synchronize() }
        let used: Int64 =
            switch purpose {
            case .staged(let until): -max(until.milliseconds, 1)
            case .pinned, .cache: max(now.milliseconds, 1)
            }
        var leaves: [BlockKey: BlockRow] = [:]
        var nodes: [BlockKey: Int] = [:]
        leaves.reserveCapacity(state.places.count)
        for (key, place) in state.places {
            switch place {
            case .volume(let volume, let offset, let length):
                leaves[key] = BlockRow(volume: volume, offset: Int64(offset), length: length, refs: 0, used: used)
            case .node(let position): nodes[key] = position
            case .known: continue
            case .gathered: preconditionFailure("a gathered block was not settled")
            }
        }
        let sealBytesMin = store.configuration.sealBytesMin
        let volumeBytesMax = store.configuration.volumeBytesMax
        let isSealed = { (span: VolumeWriter.Span) in
            span.end - span.slot.length >= sealBytesMin || span.end >= volumeBytesMax
        }
        let batch = ImportBatch(
            leaves: leaves,
            nodes: nodes,
            nodeBytes: state.nodes,
            used: used,
            isDurable: isDurable,
            spans: state.writer.spans.map { ImportBatch.Span($0, isSealed: isSealed($0)) },
            importsAtStart: state.importsAtStart
        )
        state.summary.newBlocks = leaves.count + nodes.count
        try store.commit(batch, pins: pins, memory: memory)
        state.writer.keep(isSealed: isSealed)
    }

    /// Drops all that was taken in.
    public func abort() {
        lock.withLock { _ in
            guard state.isOpen else { return }
            discard(&state)
        }
    }

    private func discard(_ state: inout State) {
        state.writer.discard()
        end(&state)
    }

    private func end(_ state: inout State) {
        state.isOpen = false
        store.giveBack(state.reserved, cache: purpose == .cache)
        store.endReliance(on: state.relied)
        state.relied = []
        state.places = [:]
        state.nodes = []
        state.gatheredNodes = []
        state.buffer.free()
    }
}
