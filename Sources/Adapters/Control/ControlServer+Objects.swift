import Hummingbird
import NIOCore

/// `GET /v1/objects`, `/v1/objects/stat`, `/v1/content`, `/v1/key/backup`, `/v1/key/devices`; `POST /v1/put`,
/// `/v1/put-content`, `/v1/get`, `/v1/remove`, `/v1/key/recover`, `/v1/key/add-device`, `/v1/key/accept-device`,
/// `/v1/key/revoke-device`, `/v1/fsck`, `/v1/exit`.
///
/// `put-content` takes the object itself as the request's body (``ContentUpload``); `content` answers with the object
/// itself (``ContentFrames``).
extension ControlServer {
    typealias Node = any NodeControl & ObjectControl

    static func addObjectRoutes(to router: Router<BasicRequestContext>, node: Node) {
        addReading(to: router, node: node)
        addWriting(to: router, node: node)
        addKeys(to: router, node: node)
        router.post("v1/fsck") { request, _ in
            OperationStream<FsckRequest, FsckResult> { try await node.fsck(repair: $0.repair, progress: $1) }
                .response(to: request)
        }
        router.post("v1/exit") { request, _ in
            OperationStream<Done, ExitResult> { try await node.exit(progress: $1) }.response(to: request)
        }
    }

    private static func addReading(to router: Router<BasicRequestContext>, node: Node) {
        router.get("v1/objects") { request, _ in
            let prefix = field("prefix", of: request) ?? ""
            return WatchedResponse.response(
                to: request,
                contentType: ResultLines<ObjectEntries>.contentType
            ) { _, writer in
                try await writeList(to: &writer) { try await node.list(prefix: prefix) }
            }
        }
        router.get("v1/objects/stat") { request, _ in
            await answer {
                guard let name = field("name", of: request) else { throw ControlAPI.malformed }
                return try await node.stat(name)
            }
        }
        router.post("v1/get") { request, _ in
            OperationStream<GetRequest, GetResult> { try await node.get($0, progress: $1) }.response(to: request)
        }
        router.get("v1/content") { request, _ in
            do {
                guard let name = field("name", of: request) else { throw ControlAPI.malformed }
                return ContentDownload(stream: try await node.content(of: name)).response(to: request)
            } catch {
                return ControlResponse.error(error)
            }
        }
    }

    private static func addWriting(to router: Router<BasicRequestContext>, node: Node) {
        router.post("v1/put") { request, _ in
            OperationStream<PutRequest, PutResult>(requestBytesMax: ControlAPI.putBytesMax) {
                try await node.put($0, content: nil, progress: $1)
            }.response(to: request)
        }
        router.post("v1/put-content") { request, _ in
            ContentUpload(node: node, request: putRequest(of: request)).response(to: request)
        }
        router.post("v1/remove") { request, _ in
            OperationStream<RemoveRequest, RemoveResult> { input, _ in
                try await node.remove(input.name, recursive: input.recursive)
            }.response(to: request)
        }
    }

    private static func addKeys(to router: Router<BasicRequestContext>, node: Node) {
        router.get("v1/key/backup") { _, _ in await answer { try await node.keyBackup() } }
        router.get("v1/key/devices") { _, _ in await answer { try await node.keyDevices() } }
        router.post("v1/key/recover") { request, _ in
            OperationStream<RecoverRequest, KeyRecovered> { input, _ in
                try await node.keyRecover(phrase: input.phrase, deviceName: input.deviceName)
            }.response(to: request)
        }
        router.post("v1/key/add-device") { request, _ in
            await answer(request) { (input: AddDeviceRequest) in try await node.keyAddDevice(name: input.name) }
        }
        router.post("v1/key/accept-device") { request, _ in
            OperationStream<AcceptDeviceRequest, KeyRecovered> { input, _ in
                try await node.keyAcceptDevice(input.text)
            }.response(to: request)
        }
        router.post("v1/key/revoke-device") { request, _ in
            await answer(request) { (input: RevokeDeviceRequest) in
                try await node.keyRevokeDevice(input.device)
                return Done()
            }
        }
    }

    private static func writeList(
        to writer: inout any ResponseBodyWriter,
        _ list: () async throws -> [ObjectEntry]
    ) async throws {
        var rest: ArraySlice<ObjectEntry>
        do { rest = try await list()[...] } catch {
            return try await ResultLines<ObjectEntries>.write(try WatchedResponse.failure(error), to: &writer)
        }
        while !rest.isEmpty {
            let part = ObjectEntries(entries: Array(rest.prefix(ObjectEntries.entriesMax)))
            try await ResultLines.write(StreamLine(result: part), to: &writer)
            rest = rest.dropFirst(ObjectEntries.entriesMax)
        }
        try await ResultLines.write(StreamLine(result: ObjectEntries(entries: [])), to: &writer)
    }

    /// What `put-content` says in its query; `nil` when it makes no sense.
    private static func putRequest(of request: Request) -> PutRequest? {
        guard let name = field("name", of: request) else { return nil }
        guard let lease = request.uri.queryParameters["lease"] else { return PutRequest(name: name) }
        guard let days = Int(lease), days > 0 else { return nil }
        return PutRequest(name: name, leaseDays: days)
    }

    private static func field(_ name: String, of request: Request) -> String? {
        request.uri.queryParameters[name[...]].map(String.init)
    }
}
