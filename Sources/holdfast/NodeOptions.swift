import ArgumentParser
import Control
import Settings

/// The settings of a node as flags; a flag that is absent leaves the setting to environment, file and default.
struct NodeOptions: ParsableArguments, Sendable {
    @Option(help: Self.help(.data)) var data: String?
    @Option(help: Self.help(.listen)) var listen: String?
    @Option(help: Self.help(.advertise)) var advertise: [String] = []
    @Option(help: Self.help(.gateway)) var gateway: String?
    @Option(help: Self.help(.control)) var control: String?
    @Option(name: .customLong(Setting.operatorName.name), help: Self.help(.operatorName)) var operatorName: String?
    @Option(help: Self.help(.operatorKey)) var operatorKey: String?
    @Option(help: Self.help(.hosting)) var hosting: String?
    @Option(help: Self.help(.jurisdiction)) var jurisdiction: String?
    @Option(help: Self.help(.join)) var join: [String] = []
    @Option(help: Self.help(.storage)) var storage: String?
    @Option(help: Self.help(.cache)) var cache: String?
    @Option(help: Self.help(.repairDelay)) var repairDelay: String?
    @Option(help: Self.help(.repairRate)) var repairRate: String?
    @Option(help: Self.help(.probeInterval)) var probeInterval: String?
    @Option(help: Self.help(.logLevel)) var logLevel: String?

    /// Every setting that was given as a flag.
    var flags: [Setting: [String]] {
        var flags: [Setting: [String]] = [:]
        for setting in Setting.allCases {
            let values = values(of: setting)
            if !values.isEmpty { flags[setting] = values }
        }
        return flags
    }

    /// Flags over environment over the data folder's file over defaults; warnings go to standard error.
    func resolve() throws -> ResolvedSettings {
        let resolver = SettingsResolver(
            flags: flags,
            environment: Surroundings.environment,
            workingFolder: Surroundings.workingFolder
        )
        let path = resolver.dataFolder + "/" + SettingsFile.fileName
        let file = try Surroundings.text(of: path, bytesMax: SettingsFile.bytesMax)
            .map { try SettingsFile(parsing: $0, path: path) }
        let settings = try resolver.resolve(file: file)
        for warning in settings.warnings { Terminal.complain("holdfast: warning: \(warning)") }
        return settings
    }

    private func values(of setting: Setting) -> [String] {
        switch setting {
        case .data: one(data)
        case .listen: one(listen)
        case .advertise: advertise
        case .gateway: one(gateway)
        case .control: one(control)
        case .operatorName: one(operatorName)
        case .operatorKey: one(operatorKey)
        case .hosting: one(hosting)
        case .jurisdiction: one(jurisdiction)
        case .join: join
        case .storage: one(storage)
        case .cache: one(cache)
        case .repairDelay: one(repairDelay)
        case .repairRate: one(repairRate)
        case .probeInterval: one(probeInterval)
        case .logLevel: one(logLevel)
        }
    }

    private func one(_ value: String?) -> [String] { value.map { [$0] } ?? [] }

    private static func help(_ setting: Setting) -> ArgumentHelp {
        let value = setting.defaultText.isEmpty ? "" : " (default: \(setting.defaultText))"
        return ArgumentHelp(stringLiteral: setting.help + value)
    }
}
