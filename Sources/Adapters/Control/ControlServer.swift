import Glibc
import Hummingbird
public import Logging
public import NIOCore
import NIOPosix
public import ServiceLifecycle
public import Settings

/// The control API: HTTP on loopback, for whoever can read the token in the data folder.
///
/// `GET /v1/status`, `/v1/names`, `/v1/doctor`; `POST /v1/invite`, `/v1/publish`, `/v1/unpublish`, `/v1/import`,
/// `/v1/export`, `/v1/drill`; the routes of private objects are in `ControlServer+Objects.swift`. Long operations answer with NDJSON
/// (``OperationStream``).
public struct ControlServer: Service {
    private let node: any NodeControl & ObjectControl
    private let endpoint: Endpoint
    private let files: ControlFiles
    private let eventLoopGroup: any EventLoopGroup
    private let logger: Logger
    private let onReady: @Sendable (Endpoint) async -> Void

    /// - Parameters:
    ///   - endpoint: where to listen; port 0 lets the system choose.
    ///   - dataFolder: an existing folder, for the token and for the address that commands look up.
    ///   - eventLoopGroup: the node's own, so that commands cost no threads of theirs.
    ///   - onReady: called once, when commands are taken, with the address in use.
    public init(
        node: some NodeControl & ObjectControl,
        endpoint: Endpoint,
        dataFolder: String,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger,
        onReady: @escaping @Sendable (Endpoint) async -> Void = { _ in }
    ) {
        self.node = node
        self.endpoint = endpoint
        self.files = ControlFiles(folder: dataFolder)
        self.eventLoopGroup = eventLoopGroup
        // The library reports every start and stop; the node says that itself.
        var logger = logger
        logger.logLevel = max(logger.logLevel, .notice)
        self.logger = logger
        self.onReady = onReady
    }

    /// Serves until the service group stops or the task is cancelled; then commands find no node any more.
    ///
    /// - Throws: ``ControlError`` when the address is taken or the data folder cannot be written.
    public func run() async throws {
        guard endpoint.isLoopback else {
            throw ControlError(.usage, "\(endpoint) is not on loopback, where commands are taken; use 127.0.0.1")
        }
        let token = try files.readOrCreateToken()
        let (failures, failed) = AsyncStream.makeStream(of: ControlError.self)
        // What the server says of its own ends is not for users; errors reach them as one sentence.
        var quiet = logger
        quiet.logLevel = .critical
        let application = Application(
            router: router(token: token),
            configuration: .init(address: .hostname(endpoint.host, port: Int(endpoint.port))),
            onServerRunning: { channel in
                let bound = Endpoint(
                    host: endpoint.host,
                    port: UInt16(clamping: channel.localAddress?.port ?? Int(endpoint.port))
                )
                do throws(ControlError) {
                    try files.writeAddress(bound.description)
                    await onReady(bound)
                } catch {
                    failed.yield(error)
                }
                failed.finish()
            },
            eventLoopGroupProvider: .shared(eventLoopGroup),
            logger: quiet
        )
        defer { files.removeAddress() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { failed.finish() }
                    try await application.run()
                }
                for await failure in failures { throw failure }
                try await group.next()
            }
        } catch let error as IOError where error.errnoCode == EADDRINUSE || error.errnoCode == EADDRNOTAVAIL {
            throw ControlError(
                .inUse,
                "the control address \(endpoint) cannot be used (\(systemText(error.errnoCode))); "
                    + "stop what uses it or choose another one with --control"
            )
        }
    }

    /// `METHOD /path` of everything that is served.
    package var routes: Set<String> {
        Set(router(token: "").routes.map { "\($0.method) \($0.path)" })
    }

    private func router(token: String) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: TokenMiddleware(token: token))
        let node = node
        router.get("v1/status") { _, _ in await Self.answer { try await node.status() } }
        router.get("v1/names") { _, _ in await Self.answer { try await node.names() } }
        router.get("v1/doctor") { _, _ in await Self.answer { try await node.doctor() } }
        router.post("v1/invite") { request, _ in
            await Self.answer(request) { (input: InviteRequest) in
                let expires = input.expiresSeconds.map { Duration.seconds($0) }
                return InviteAnswer(invite: try await node.invite(expires: expires, once: input.once))
            }
        }
        router.post("v1/unpublish") { request, _ in
            await Self.answer(request) { (input: UnpublishRequest) in
                try await node.unpublish(input.name)
                return Done()
            }
        }
        router.post("v1/publish") { request, _ in
            OperationStream<PublishRequest, PublishResult> { try await node.publish($0, progress: $1) }
                .response(to: request)
        }
        router.post("v1/import") { request, _ in
            OperationStream<ImportRequest, ImportAnswer> {
                ImportAnswer(roots: try await node.importCAR(path: $0.path, progress: $1))
            }.response(to: request)
        }
        router.post("v1/export") { request, _ in
            OperationStream<ExportRequest, ExportAnswer> {
                ExportAnswer(bytes: try await node.exportCAR(cid: $0.cid, to: $0.path, progress: $1))
            }.response(to: request)
        }
        router.post("v1/drill") { request, _ in
            OperationStream<DrillRequest, DrillResult> { try await node.drill($0, progress: $1) }.response(to: request)
        }
        Self.addObjectRoutes(to: router, node: node)
        router.get("v1/openapi.json") { _, _ in ControlResponse.document() }
        return router
    }

    static func answer<Output: Encodable>(_ body: () async throws -> Output) async -> Response {
        do { return ControlResponse.json(try await body()) } catch { return ControlResponse.error(error) }
    }

    static func answer<Input: Decodable, Output: Encodable>(
        _ request: Request,
        _ body: (Input) async throws -> Output
    ) async -> Response {
        await answer {
            let input: Input
            do {
                let buffer = try await request.body.collect(upTo: ControlAPI.requestBytesMax)
                input = try ControlAPI.decode(Input.self, from: buffer.readableBytesView)
            } catch {
                throw ControlAPI.malformed
            }
            return try await body(input)
        }
    }
}
