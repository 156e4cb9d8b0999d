import AsyncHTTPClient
public import NIOCore

/// Private objects; the node's side is ``ObjectControl``.
extension ControlClient {
    /// - Parameter content: when given, the object `request.name` is made of it; it is asked for the next chunk when
    ///   the node has room for it. Only the name and the lease of `request` count then.
    public func put(
        _ request: PutRequest,
        content: (any AsyncSequence<ByteBuffer, any Error> & Sendable)? = nil,
        progress: (OperationProgress) -> Void
    ) async throws -> PutResult {
        guard let content else { return try await stream("put", request, progress: progress) }
        let query = [("name", request.name), ("lease", request.leaseDays.map(String.init))]
        var upload = self.request(QueryText.path("put-content", query), method: .POST)
        let source = UploadSource(content)
        upload.body = .stream(source, length: .unknown)
        do {
            return try await result(of: upload, progress: progress)
        } catch {
            // What could not be read here explains more than what the node then saw.
            throw source.failure ?? error
        }
    }

    public func get(_ request: GetRequest, progress: (OperationProgress) -> Void) async throws -> GetResult {
        try await stream("get", request, progress: progress)
    }

    /// One file's bytes; take them before the client is closed.
    public func content(of name: String) async throws -> ObjectContentStream {
        let request = request(QueryText.path("content", [("name", name)]), method: .GET)
        let response = try await response(to: request, timeMax: Self.answerTimeMax)
        guard response.status == .ok else {
            let body = try await received { try await response.body.collect(upTo: ControlAPI.answerBytesMax) }
            throw Self.error(in: body.readableBytesView)
        }
        guard let byteCount = response.headers.first(name: ContentFrames.byteCountHeader).flatMap({ Int($0) }),
            byteCount >= 0
        else { throw ContentFrameReader.senseless }
        let chunks = ReceivedContent(body: response.body, byteCount: byteCount, cutOff: stoppedNode)
        return ObjectContentStream(byteCount: byteCount, chunks: chunks)
    }

    /// - Parameter prefix: beginning of the names; empty for all of them.
    public func list(prefix: String) async throws -> [ObjectEntry] {
        let request = request(QueryText.path("objects", [("prefix", prefix)]), method: .GET)
        var entries: [ObjectEntry] = []
        let last: ObjectEntries = try await result(of: request, progress: { _ in }) { part in
            entries += part.entries
            return part.entries.isEmpty
        }
        return entries + last.entries
    }

    public func stat(_ name: String) async throws -> ObjectStatus {
        try await call(QueryText.path("objects/stat", [("name", name)]))
    }

    public func remove(_ name: String, recursive: Bool) async throws -> RemoveResult {
        try await stream("remove", RemoveRequest(name: name, recursive: recursive)) { _ in }
    }

    public func keyBackup() async throws -> KeyBackup { try await call("key/backup") }

    public func keyRecover(phrase: String, deviceName: String) async throws -> KeyRecovered {
        try await stream("key/recover", RecoverRequest(phrase: phrase, deviceName: deviceName)) { _ in }
    }

    public func keyAddDevice(name: String) async throws -> DeviceInvite {
        try await call("key/add-device", AddDeviceRequest(name: name))
    }

    public func keyAcceptDevice(_ text: String) async throws -> KeyRecovered {
        try await stream("key/accept-device", AcceptDeviceRequest(text: text)) { _ in }
    }

    public func keyRevokeDevice(_ device: String) async throws {
        let _: Done = try await call("key/revoke-device", RevokeDeviceRequest(device: device))
    }

    public func keyDevices() async throws -> [DeviceEntry] { try await call("key/devices") }

    public func fsck(repair: Bool?, progress: (OperationProgress) -> Void) async throws -> FsckResult {
        try await stream("fsck", FsckRequest(repair: repair), progress: progress)
    }

    public func exit(progress: (OperationProgress) -> Void) async throws -> ExitResult {
        try await stream("exit", Done(), progress: progress)
    }
}
