import Hummingbird

/// Lets a request through that shows the token of the data folder, and answers every other one with 401.
struct TokenMiddleware<Context: RequestContext>: RouterMiddleware {
    private let token: [UInt8]

    init(token: String) {
        self.token = Array(token.utf8)
    }

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let scheme = "Bearer "
        guard let header = request.headers[.authorization], header.hasPrefix(scheme),
            isToken(Array(header.utf8.dropFirst(scheme.utf8.count)))
        else {
            let error = ControlError(
                .unauthorized,
                "the node refused the token; use the data folder that the node runs on (--data)"
            )
            var response = ControlResponse.error(error, status: .unauthorized)
            response.headers[.wwwAuthenticate] = "Bearer"
            return response
        }
        return try await next(request, context)
    }

    /// Takes equally long for every wrong token of the right length.
    private func isToken(_ candidate: [UInt8]) -> Bool {
        guard candidate.count == token.count else { return false }
        var difference: UInt8 = 0
        for index in token.indices { difference |= token[index] ^ candidate[index] }
        return difference == 0
    }
}
