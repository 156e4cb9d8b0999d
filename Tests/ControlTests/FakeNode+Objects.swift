import Control
import NIOCore
import Synchronization

/// Objects that a test's node keeps in memory.
final class FakeObjects: Sendable {
    struct Counts: Sendable {
        var chunks = 0
        var bytes = 0
        var furthestAhead = 0
        var wasCutOff = false
    }

    let stored = Mutex<[String: Int]>([:])
    let puts = Mutex<[PutRequest]>([])
    let counts = Mutex(Counts())
    /// How many bytes the sender has made so far, for whoever counts what is on its way.
    let made = Mutex(0)
    let revoked = Mutex<[String]>([])

    static let holder = PieceHolder(
        index: 3,
        node: "k51n",
        operator: "o",
        hosting: "h",
        jurisdiction: "CH",
        alive: true
    )
    static let status = ObjectStatus(
        name: "a",
        kind: .file,
        bytes: 9,
        modifiedMilliseconds: 1,
        leaseEndMilliseconds: 2,
        segments: [
            SegmentStatus(
                segment: "bafyseg",
                k: 10,
                n: 30,
                bytes: 100,
                piecesLive: 29,
                piecesTarget: 30,
                spare: 19,
                holders: [holder],
                worst: Concentrations(operator: .init(name: "o", pieces: 3), hosting: nil, jurisdiction: nil)
            )
        ],
        spare: 19,
        conflicts: ["a (laptop)"]
    )

    static func entry(_ name: String, _ bytes: Int) -> ObjectEntry {
        ObjectEntry(name: name, kind: .file, bytes: bytes, modifiedMilliseconds: 1, leaseEndMilliseconds: 2)
    }

    static func result(bytes: Int, objects: Int = 1) -> PutResult {
        PutResult(
            objects: objects,
            bytes: bytes,
            segments: 1,
            piecesPlaced: 20,
            piecesWanted: 30,
            code: "10 of 30",
            operators: 12,
            leaseEndMilliseconds: 5,
            skipped: [],
            notes: ["write it down"]
        )
    }
}

extension FakeNode: ObjectControl {
    /// `refused` is refused before a byte of it is read, `half` after one chunk, `hang` never ends.
    func put(
        _ request: PutRequest,
        content: (any AsyncSequence<ByteBuffer, any Error> & Sendable)?,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> PutResult {
        objects.puts.withLock { $0.append(request) }
        guard let content, let name = request.name else {
            return FakeObjects.result(bytes: 1, objects: request.paths.count)
        }
        if name == "refused" { throw ControlError(.full, "the space lent is full") }
        do {
            for try await chunk in content {
                let made = objects.made.withLock { $0 }
                let bytes = objects.counts.withLock { counts in
                    counts.chunks += 1
                    counts.bytes += chunk.readableBytes
                    counts.furthestAhead = max(counts.furthestAhead, made - counts.bytes)
                    return counts.bytes
                }
                if name == "half" { throw ControlError(.unreachable, "nobody takes more") }
                progress(OperationProgress(phase: "storing", unit: .bytes, done: bytes))
            }
        } catch {
            objects.counts.withLock { $0.wasCutOff = true }
            ended.yield(.cancelled)
            throw error
        }
        let bytes = objects.counts.withLock { $0.bytes }
        objects.stored.withLock { $0[name] = bytes }
        return FakeObjects.result(bytes: bytes)
    }

    func get(
        _ request: GetRequest,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> GetResult {
        progress(Self.step)
        return GetResult(objects: request.name.utf8.count, bytes: request.path.utf8.count)
    }

    func content(of name: String) async throws -> ObjectContentStream {
        guard let bytes = objects.stored.withLock({ $0[name] }) else {
            throw ControlError(.notFound, "there is no object '\(name)'")
        }
        let chunks = PatternContent(
            byteCount: name == "short" ? bytes - 1 : bytes,
            failure: name == "broken" ? ControlError(.unreachable, "too few pieces are left") : nil,
            hangs: name == "hang",
            made: { [objects] made in objects.made.withLock { $0 = made } },
            ended: { [ended] in ended.yield(.cancelled) }
        )
        return ObjectContentStream(byteCount: bytes, chunks: chunks)
    }

    func list(prefix: String) async throws -> [ObjectEntry] {
        if prefix == "refused" { throw ControlError(.refused, "no") }
        let stored = objects.stored.withLock { $0 }
        return stored.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
            .map { FakeObjects.entry($0.key, $0.value) }
    }

    func stat(_ name: String) async throws -> ObjectStatus {
        guard name == "a ü/%&=?#+" else { throw ControlError(.notFound, name) }
        return FakeObjects.status
    }

    func remove(_ name: String, recursive: Bool) async throws -> RemoveResult {
        guard recursive else { throw ControlError(.usage, "'\(name)' holds others; use -r") }
        return RemoveResult(objects: 2, bytes: 3)
    }

    func keyBackup() async throws -> KeyBackup { KeyBackup(phrase: "abandon art", owner: "k51owner") }

    func keyRecover(phrase: String, deviceName: String) async throws -> KeyRecovered {
        KeyRecovered(owner: phrase + "/" + deviceName, objects: 7)
    }

    func keyAddDevice(name: String) async throws -> DeviceInvite { DeviceInvite(text: "invite " + name) }

    func keyAcceptDevice(_ text: String) async throws -> KeyRecovered { KeyRecovered(owner: text, objects: 8) }

    func keyRevokeDevice(_ device: String) async throws { objects.revoked.withLock { $0.append(device) } }

    func keyDevices() async throws -> [DeviceEntry] {
        [DeviceEntry(device: "k51d", name: "laptop", state: .revoked, isThis: true)]
    }

    func fsck(
        repair: Bool?,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> FsckResult {
        FsckResult(blocks: 1, pieces: 2, bytes: 3, sound: repair == nil, problems: ["\(repair ?? false)"], rebuilt: 4)
    }

    func exit(progress: @escaping @Sendable (OperationProgress) -> Void) async throws -> ExitResult {
        ExitResult(piecesMoved: 1, copiesMoved: 2, left: ["piece 3"])
    }
}
