public import Settings

extension SettingsError: ControlErrorConvertible {
    public var controlError: ControlError { ControlError(.usage, message) }
}
