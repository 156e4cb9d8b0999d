public import NIOCore

/// What commands ask of a running node about its owner's private objects. The node implements it; ``ControlServer``
/// offers it on loopback, and ``ControlClient`` is the other end.
///
/// Names are UTF-8 paths such as `photos/2024/a.jpg`, without an empty, `.` or `..` part. Errors become one sentence
/// and an exit code through ``ControlError/init(_:)``. An operation that is cancelled (its task is cancelled) stops;
/// objects that were acknowledged before stay, and no object is half there. `progress` may be called often and from
/// any thread.
public protocol ObjectControl: Sendable {
    /// Stores files and folders, or one stream.
    ///
    /// - Parameter content: when given, `request.paths` is empty and the object `request.name` is made of it. Its
    ///   length is unknown before its end. It can be iterated once; it throws when the sender was cut off, and then
    ///   nothing may be stored. Each chunk is taken from the sender only when it is asked for.
    func put(
        _ request: PutRequest,
        content: (any AsyncSequence<ByteBuffer, any Error> & Sendable)?,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> PutResult
    /// Writes an object, or everything under a name; each file is complete or absent, and replaces what was there.
    func get(
        _ request: GetRequest,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> GetResult
    /// One file's bytes, verified before each chunk is handed out.
    func content(of name: String) async throws -> ObjectContentStream
    /// - Parameter prefix: beginning of the names; empty for all of them.
    /// - Returns: sorted by name.
    func list(prefix: String) async throws -> [ObjectEntry]
    func stat(_ name: String) async throws -> ObjectStatus
    /// - Parameter recursive: whether everything under the name goes too; a name that holds others is refused without.
    func remove(_ name: String, recursive: Bool) async throws -> RemoveResult

    func keyBackup() async throws -> KeyBackup
    /// - Parameters:
    ///   - phrase: BIP-39 words, separated by single spaces.
    ///   - deviceName: what this machine is called among the owner's devices.
    func keyRecover(phrase: String, deviceName: String) async throws -> KeyRecovered
    /// - Parameter name: what the other machine is called among the owner's devices.
    func keyAddDevice(name: String) async throws -> DeviceInvite
    /// - Parameter text: what ``keyAddDevice(name:)`` gave on another machine.
    func keyAcceptDevice(_ text: String) async throws -> KeyRecovered
    /// - Parameter device: a name or a `k51…`.
    func keyRevokeDevice(_ device: String) async throws
    func keyDevices() async throws -> [DeviceEntry]

    /// Reads and checks everything that this node stores.
    ///
    /// - Parameter repair: whether damaged pieces are made again; `nil` for the node's default.
    func fsck(
        repair: Bool?,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> FsckResult
    /// Moves to others what this node holds; it stops afterwards, unless something could not be moved.
    func exit(progress: @escaping @Sendable (OperationProgress) -> Void) async throws -> ExitResult
}

/// One file on its way to standard output.
public struct ObjectContentStream: Sendable {
    /// Plaintext bytes in all chunks together.
    public var byteCount: Int
    /// Can be iterated once; throws when the rest cannot be had, so that nobody takes a part for the whole.
    public var chunks: any AsyncSequence<ByteBuffer, any Error> & Sendable

    public init(byteCount: Int, chunks: any AsyncSequence<ByteBuffer, any Error> & Sendable) {
        self.byteCount = byteCount
        self.chunks = chunks
    }
}
