import AsyncHTTPClient
import NIOCore
import NIOPosix

/// Asks the node that runs with a data folder.
///
/// Cancelling the task of a call closes its connection, which cancels the operation in the node.
public struct ControlClient: Sendable {
    /// Longest wait for an answer that is not streamed.
    public static let answerTimeMax = Duration.seconds(30)
    /// Longest wait for a connection to a node on this machine.
    private static let connectTimeMax = TimeAmount.seconds(3)

    private let http: HTTPClient
    private let folder: String
    private let base: String
    private let token: String

    /// Finds the node of `dataFolder`, runs `body` with a client for it and closes its connections.
    ///
    /// - Throws: ``ControlError`` `.noNode` when none has announced itself there; whatever `body` throws.
    public static func with<Value>(
        dataFolder: String,
        _ body: (ControlClient) async throws -> Value
    ) async throws -> Value {
        let files = ControlFiles(folder: dataFolder)
        guard let address = try files.readAddress(), let token = try files.readToken() else {
            throw noNode(dataFolder)
        }
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = connectTimeMax
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let client = ControlClient(
            http: http,
            folder: dataFolder,
            base: "http://\(address.address)/v1/",
            token: token
        )
        do {
            let value = try await body(client)
            try? await http.shutdown()
            return value
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    public func status() async throws -> NodeStatus { try await call("status") }

    public func names() async throws -> [NameEntry] { try await call("names") }

    public func doctor() async throws -> [Finding] { try await call("doctor") }

    /// - Parameters:
    ///   - expires: time from now until the invite admits nobody any more; `nil` for never.
    ///   - once: whether only the first operator that uses it is admitted.
    public func invite(expires: Duration?, once: Bool) async throws -> String {
        let request = InviteRequest(expiresSeconds: expires?.components.seconds, once: once)
        let answer: InviteAnswer = try await call("invite", request)
        return answer.invite
    }

    public func unpublish(_ name: String) async throws {
        let _: Done = try await call("unpublish", UnpublishRequest(name: name))
    }

    public func publish(
        _ request: PublishRequest,
        progress: (OperationProgress) -> Void
    ) async throws -> PublishResult {
        try await stream("publish", request, progress: progress)
    }

    /// - Returns: the roots of the archive, as CID text.
    public func importCAR(path: String, progress: (OperationProgress) -> Void) async throws -> [String] {
        let answer: ImportAnswer = try await stream("import", ImportRequest(path: path), progress: progress)
        return answer.roots
    }

    /// - Returns: bytes written.
    public func exportCAR(cid: String, to path: String, progress: (OperationProgress) -> Void) async throws -> Int {
        let request = ExportRequest(cid: cid, path: path)
        let answer: ExportAnswer = try await stream("export", request, progress: progress)
        return answer.bytes
    }

    public func drill(_ request: DrillRequest, progress: (OperationProgress) -> Void) async throws -> DrillResult {
        try await stream("drill", request, progress: progress)
    }

    // MARK: Transport

    func call<Answer: Decodable>(_ path: String) async throws -> Answer {
        try await answer(to: request(path, method: .GET))
    }

    func call<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
        var request = request(path, method: .POST)
        request.body = .bytes(ByteBuffer(bytes: try ControlAPI.encode(body)))
        return try await answer(to: request)
    }

    private func answer<Answer: Decodable>(to request: HTTPClientRequest) async throws -> Answer {
        let response = try await response(to: request, timeMax: Self.answerTimeMax)
        let body = try await received { try await response.body.collect(upTo: ControlAPI.answerBytesMax) }
        guard response.status == .ok else { throw Self.error(in: body.readableBytesView) }
        return try Self.understood { try ControlAPI.decode(Answer.self, from: body.readableBytesView) }
    }

    func stream<Result: Codable & Sendable>(
        _ path: String,
        _ body: some Encodable,
        progress: (OperationProgress) -> Void
    ) async throws -> Result {
        var request = request(path, method: .POST)
        request.body = .bytes(ByteBuffer(bytes: try ControlAPI.encode(body)))
        return try await result(of: request, progress: progress)
    }

    /// Reads a streamed answer up to its result.
    ///
    /// - Parameter isLast: whether a result is the one to return; a list comes in several.
    func result<Result: Codable & Sendable>(
        of request: HTTPClientRequest,
        progress: (OperationProgress) -> Void,
        isLast: (Result) -> Bool = { _ in true }
    ) async throws -> Result {
        let response = try await response(to: request, timeMax: Self.answerTimeMax)
        guard response.status == .ok else {
            let body = try await received { try await response.body.collect(upTo: ControlAPI.answerBytesMax) }
            throw Self.error(in: body.readableBytesView)
        }
        var lines = LineSplitter(lineBytesMax: ControlAPI.answerBytesMax)
        var chunks = response.body.makeAsyncIterator()
        while let chunk = try await received({ try await chunks.next() }) {
            for line in try lines.append(chunk.readableBytesView) {
                let message = try Self.understood { try ControlAPI.decode(StreamLine<Result>.self, from: line) }
                if let step = message.progress { progress(step) }
                if let error = message.error { throw error }
                if let result = message.result, isLast(result) { return result }
            }
        }
        throw stoppedNode
    }

    func request(_ path: String, method: HTTPMethod) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: base + path)
        request.method = .init(rawValue: method.rawValue)
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        return request
    }

    enum HTTPMethod: String { case GET, POST }

    func response(to request: HTTPClientRequest, timeMax: Duration) async throws -> HTTPClientResponse {
        do {
            return try await http.execute(request, timeout: .nanoseconds(timeMax.components.seconds * 1_000_000_000))
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout {
            throw ControlError(.failed, "the node did not answer within \(timeMax.components.seconds) seconds")
        } catch {
            if Task.isCancelled { throw CancellationError() }
            let isRefused = error is NIOConnectionError || error is IOError
            guard isRefused || error as? HTTPClientError == .connectTimeout else { throw stoppedNode }
            throw Self.noNode(folder)
        }
    }

    func received<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw stoppedNode
        }
    }

    var stoppedNode: ControlError {
        ControlError(.failed, "the node stopped before it answered; look at what it printed, or run 'holdfast doctor'")
    }

    private static func noNode(_ folder: String) -> ControlError {
        ControlError(
            .noNode,
            "no node runs with the data folder \(folder); start one with 'holdfast up --data \(folder)'"
        )
    }

    static func error(in body: some Sequence<UInt8>) -> ControlError {
        let line = try? ControlAPI.decode(StreamLine<Done>.self, from: body)
        return line?.error ?? ControlError(.failed, "what listens on the control address is no Holdfast node")
    }

    static func understood<Value>(_ body: () throws -> Value) throws(ControlError) -> Value {
        do { return try body() } catch {
            throw ControlError(.failed, "the node's answer makes no sense to this version; use the version it runs")
        }
    }
}
