/// Why a command failed, in a form that travels from the node to the command line.
public struct ControlError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The kind of failure; one for each exit code that an error can have.
    public var exitCode: ExitCode
    /// One sentence for the user: what failed, what was seen, what to do.
    public var message: String

    public init(_ exitCode: ExitCode, _ message: String) {
        self.exitCode = exitCode
        self.message = message
    }

    public var description: String { message }

    /// An error of any module as a command shows it.
    public init(_ error: any Error) {
        switch error {
        case let error as ControlError: self = error
        case let error as any ControlErrorConvertible: self = error.controlError
        case is CancellationError: self.init(.interrupted, "cancelled")
        default: self.init(.failed, "\(error)")
        }
    }

    private enum CodingKeys: String, CodingKey {
        case exitCode, message
    }

    /// An exit code that this version does not know reads as ``ExitCode/failed``.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        exitCode = ExitCode(rawValue: try container.decode(Int32.self, forKey: .exitCode)) ?? .failed
        message = try container.decode(String.self, forKey: .message)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(exitCode.rawValue, forKey: .exitCode)
        try container.encode(message, forKey: .message)
    }
}

/// An error of another module that knows which exit code and sentence a user should get.
public protocol ControlErrorConvertible: Error {
    var controlError: ControlError { get }
}
