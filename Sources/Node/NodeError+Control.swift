import BlockStore
import Content
import Control
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

extension ContentError: ControlErrorConvertible {
    public var controlError: ControlError {
        ControlError(code == .notFound ? .notFound : .badInput, message)
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

extension MeshError: ControlErrorConvertible {
    public var controlError: ControlError { ControlError(.refused, message) }
}

extension PublishingError: ControlErrorConvertible {
    public var controlError: ControlError { ControlError(.failed, message) }
}

extension DrillError: ControlErrorConvertible {
    public var controlError: ControlError { ControlError(code == .unknown ? .notFound : .usage, message) }
}

extension RecordStoreError: ControlErrorConvertible {
    public var controlError: ControlError { ControlError(code == .full ? .full : .failed, message) }
}
