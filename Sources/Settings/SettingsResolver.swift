/// Lays flags over environment over file over defaults, and checks the whole.
public struct SettingsResolver: Sendable {
    /// Values of flags as given, in order.
    public var flags: [Setting: [String]]
    public var environment: [String: String]
    /// Folder that relative paths start from.
    public var workingFolder: String

    public init(flags: [Setting: [String]], environment: [String: String], workingFolder: String) {
        self.flags = flags
        self.environment = environment
        self.workingFolder = workingFolder
    }

    /// Absolute path of the data folder, which must be known before the file in it can be read.
    public var dataFolder: String { absolute(entry(for: .data, file: nil).values.last ?? Setting.data.defaultText) }

    /// - Parameter file: the settings file of ``dataFolder``; `nil` when there is none.
    /// - Throws: ``SettingsError`` that names every value that is wrong, where it came from and what to write.
    public func resolve(file: SettingsFile?) throws(SettingsError) -> ResolvedSettings {
        let entries = Setting.allCases.map { setting in
            let entry = entry(for: setting, file: file)
            return setting == .data ? .init(setting: .data, values: [dataFolder], origin: entry.origin) : entry
        }
        var reading = SettingsReading(entries: entries)
        let configuration = NodeConfiguration(
            dataFolder: dataFolder,
            listen: reading.endpoint(.listen),
            advertise: reading.endpoints(.advertise),
            gateway: reading.endpoint(.gateway),
            control: reading.loopback(.control),
            operatorName: reading.name(.operatorName),
            operatorKeyFile: reading.text(.operatorKey).map(absolute),
            hosting: reading.name(.hosting),
            jurisdiction: reading.jurisdiction(),
            invites: reading.list(.join),
            storageBytes: reading.bytes(.storage),
            cacheBytes: reading.bytes(.cache),
            repairDelay: reading.duration(.repairDelay, minimum: .milliseconds(100)),
            repairBytesPerSecond: reading.rate(.repairRate, minimum: NodeConfiguration.repairRateMin),
            probeInterval: reading.duration(.probeInterval, minimum: .milliseconds(50)),
            logLevel: reading.logLevel()
        )
        reading.refuseSharedEndpoints(configuration)
        if let error = reading.error { throw error }
        return ResolvedSettings(configuration: configuration, entries: entries, warnings: warnings)
    }

    private func entry(for setting: Setting, file: SettingsFile?) -> ResolvedSettings.Entry {
        if let values = flags[setting], !values.isEmpty {
            return .init(setting: setting, values: values, origin: .flag("--\(setting.name)"))
        }
        if let text = environment[setting.variable], !text.isEmpty {
            let values = setting.repeats ? text.split { $0 == " " || $0 == "," }.map(String.init) : [text]
            return .init(setting: setting, values: values, origin: .environment(setting.variable))
        }
        if let file, let first = file.lines.first(where: { $0.setting == setting }) {
            let values = file.lines.filter { $0.setting == setting }.map(\.value)
            return .init(setting: setting, values: values, origin: .file(file.path, line: first.number))
        }
        let text = setting.defaultText
        return .init(setting: setting, values: text.isEmpty ? [] : [text], origin: .defaultValue)
    }

    private var warnings: [String] {
        let known = Set(Setting.allCases.map(\.variable))
        return environment.keys.filter { $0.hasPrefix("HOLDFAST_") && !known.contains($0) }.sorted().map {
            "the environment variable \($0) sets nothing; 'holdfast config show' lists the settings"
        }
    }

    private func absolute(_ path: String) -> String {
        var path = path
        if path == "~" || path.hasPrefix("~/"), let home = environment["HOME"], !home.isEmpty {
            path = home + path.dropFirst()
        }
        return path.hasPrefix("/") ? path : workingFolder + "/" + path
    }
}
