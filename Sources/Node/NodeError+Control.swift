import BlockStore
import Content
import Control
import Core
import Drill
import Gateway
import Mesh
import Publishing
import RecordStore
import Transport

extension NodeError: ControlErrorConvertible {
    public var controlError: ControlError {
        let codes: [Code: ExitCode] = [
            .usage: .usage, .full: .full, .inUse: .inUse, .mesh: .refused, .notFound: .notFound, .badInput: .badInput,
            .unreachable: .unreachable,
            .corrupt: .corrupt,
        ]
        return ControlError(codes[code] ?? .failed, message)
    }
}

extension BlockStoreError: ControlErrorConvertible {
    public var controlError: ControlError {
        let codes: [Code: ExitCode] = [
            .full: .full, .diskFull: .full, .corrupt: .corrupt, .incomplete: .corrupt, .badBlock: .badInput,
            .tooLarge: .badInput, .inUse: .inUse, .notFound: .notFound, .unsupportedEntry: .badInput,
            .changedWhileReading: .badInput, .cancelled: .interrupted,
        ]
        return ControlError(codes[code] ?? .failed, message)
    }
}

extension GatewayError: ControlErrorConvertible {
    public var controlError: ControlError { ControlError(code == .portTaken ? .inUse : .failed, message) }
}

extension TransportError: ControlErrorConvertible {
    public var controlError: ControlError {
        ControlError(code == .addressInUse ? .inUse : .unreachable, message)
    }
}

extension RecordStoreError: ControlErrorConvertible {
    public var controlError: ControlError { ControlError(code == .full ? .full : .failed, message) }
}

extension ContentErrorCode: ExitCoded {
    public var exitCode: ExitCode { self == .notFound ? .notFound : .badInput }
}

extension MeshErrorCode: ExitCoded {
    public var exitCode: ExitCode { .refused }
}

extension PublishingErrorCode: ExitCoded {
    public var exitCode: ExitCode { .failed }
}

extension DrillErrorCode: ExitCoded {
    public var exitCode: ExitCode { self == .unknown ? .notFound : .usage }
}

/// The kinds of an engine's error that a command may end with.
public protocol ExitCoded {
    var exitCode: ExitCode { get }
}

extension ModuleError: ControlErrorConvertible where Kind: ExitCoded {
    public var controlError: ControlError { ControlError(code.exitCode, message) }
}
