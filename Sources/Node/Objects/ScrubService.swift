import Core
import Logging
import PieceStore
import RecordStore

/// Reads all pieces now and then, slowly, so that damage on the disk is found while others can still make up for it.
struct ScrubService: Sendable {
    /// Bytes a second that are read: what is read for people comes first.
    static let bytesPerSecond = 1 << 20
    /// Bytes that are read at once.
    static let stepBytes = 4 << 20
    /// A pass begins this long after the one before began, at the earliest.
    static let passPeriod = Duration.seconds(30 * 86_400)
    /// How often it is looked whether a pass is due.
    static let checkPeriod = Duration.seconds(600)

    private static let setting = "scrub"

    /// How far the current pass has come.
    private struct Pass {
        var began: Instant
        /// `nil` when it has come to its end.
        var cursor: ScrubCursor?
    }

    let store: PieceStore
    let records: RecordStore
    let repair: SegmentRepairService
    let work: BlockingWork
    let logger: Logger

    /// Works until the task is cancelled.
    func run() async {
        var pass = load() ?? Pass(began: Clock.now(), cursor: .start)
        while !Task.isCancelled {
            do {
                if let cursor = pass.cursor {
                    let bytes = try await step(from: cursor, &pass)
                    try await Task.sleep(for: .milliseconds(max(bytes * 1_000 / Self.bytesPerSecond, 1_000)))
                } else if pass.began + Self.passPeriod <= Clock.now() {
                    pass = Pass(began: Clock.now(), cursor: .start)
                } else {
                    try await Task.sleep(for: Self.checkPeriod)
                }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("stored pieces could not be checked", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: Self.checkPeriod)
            }
        }
    }

    private func step(from cursor: ScrubCursor, _ pass: inout Pass) async throws -> Int {
        let store = store
        let scrubbed = try await work.run { try store.scrub(from: cursor, bytesMax: Self.stepBytes) }
        for key in scrubbed.damaged {
            logger.warning("a stored piece was damaged", metadata: ["piece": "\(key)"])
            if await repair.mend(key) { logger.notice("a damaged piece was made again", metadata: ["piece": "\(key)"]) }
        }
        pass.cursor = scrubbed.next
        let state = pass
        try await work.run { try save(state) }
        return scrubbed.bytes
    }

    // MARK: - Across restarts

    private func save(_ pass: Pass) throws {
        var fields: [String: CBOR] = ["began": .integer(pass.began.milliseconds)]
        if let cursor = pass.cursor {
            fields["volume"] = .integer(cursor.volume)
            fields["offset"] = .integer(Int64(cursor.offset))
        }
        try records.set(Self.setting, to: CBOR.map(fields).encoded())
    }

    /// What was saved; `nil` when nothing was, or nothing that makes sense.
    private func load() -> Pass? {
        guard let bytes = try? records.setting(Self.setting),
            let fields = try? CBORFields(decoding: bytes, of: "scrub"), let began = try? fields.instant("began")
        else { return nil }
        guard let volume = try? fields.integer("volume"), let offset = try? fields.integer("offset") else {
            return Pass(began: began, cursor: nil)
        }
        return Pass(began: began, cursor: ScrubCursor(volume: volume, offset: Int(offset)))
    }
}
