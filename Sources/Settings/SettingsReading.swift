/// Turns texts into values and collects what is wrong, so that one run names every mistake.
struct SettingsReading {
    private let entries: [Setting: ResolvedSettings.Entry]
    private var problems: [String] = []

    init(entries: [ResolvedSettings.Entry]) {
        self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.setting, $0) })
    }

    /// All that was wrong, as one error; `nil` when nothing was.
    var error: SettingsError? {
        problems.isEmpty ? nil : SettingsError(.invalidValue, problems.joined(separator: "; "))
    }

    func list(_ setting: Setting) -> [String] { entries[setting]?.values ?? [] }

    func text(_ setting: Setting) -> String? { list(setting).last.flatMap { $0.isEmpty ? nil : $0 } }

    mutating func endpoint(_ setting: Setting) -> Endpoint {
        read(setting, fallback: Endpoint(host: "127.0.0.1", port: 0)) { text throws(SettingsError) in
            try Endpoint(text)
        }
    }

    mutating func endpoints(_ setting: Setting) -> [Endpoint] {
        var found: [Endpoint] = []
        for text in list(setting) {
            do throws(SettingsError) { found.append(try Endpoint(text)) } catch { note(setting, error.message) }
        }
        if found.count > NodeConfiguration.listMax {
            note(setting, "\(found.count) values are more than the \(NodeConfiguration.listMax) allowed")
        }
        return found
    }

    mutating func loopback(_ setting: Setting) -> Endpoint {
        let endpoint = endpoint(setting)
        if !endpoint.isLoopback {
            note(setting, "'\(endpoint)' is not on loopback, where commands are taken; use 127.0.0.1:\(endpoint.port)")
        }
        return endpoint
    }

    /// A short name of letters, digits, `-`, `_` and `.`: it names a key file and travels in records.
    mutating func name(_ setting: Setting) -> String {
        let text = text(setting) ?? ""
        let allowed = text.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || "-_.".unicodeScalars.contains($0)
        }
        if !allowed || text.isEmpty || text.hasPrefix(".") || text.utf8.count > NodeConfiguration.nameBytesMax {
            let most = NodeConfiguration.nameBytesMax
            note(setting, "'\(text)' is no name; use 1 to \(most) letters, digits, '-', '_' or '.', no '.' first")
        }
        return text
    }

    mutating func jurisdiction() -> String {
        let text = text(.jurisdiction) ?? ""
        let upper = text.uppercased()
        if upper.utf8.count != 2 || !upper.utf8.allSatisfy({ (65...90).contains($0) }) {
            note(.jurisdiction, "'\(text)' is no country code; write its two letters (ISO 3166), for example CH")
        }
        return upper
    }

    mutating func bytes(_ setting: Setting) -> Int? {
        guard let text = text(setting), text != "auto" else { return nil }
        return read(setting, fallback: nil) { text throws(SettingsError) in try ByteCountText.parse(text) }
    }

    /// Bytes a second; 0 stands for no limit.
    mutating func rate(_ setting: Setting, minimum: Int) -> Int {
        let value = read(setting, fallback: 0) { text throws(SettingsError) in try ByteCountText.parse(text) }
        if value > 0, value < minimum {
            note(
                setting,
                "'\(text(setting) ?? "")' is less than \(ByteCountText.format(minimum)) a second, the least; 0 is no limit"
            )
        }
        return value
    }

    mutating func duration(_ setting: Setting, minimum: Duration) -> Duration {
        let value = read(setting, fallback: minimum) { text throws(SettingsError) in try DurationText.parse(text) }
        if value < minimum {
            note(setting, "'\(text(setting) ?? "")' is shorter than \(DurationText.format(minimum)), the least")
        }
        return value
    }

    mutating func logLevel() -> LogLevel {
        let text = text(.logLevel) ?? ""
        guard let level = LogLevel(rawValue: text) else {
            note(.logLevel, "'\(text)' is no log level; there are \(LogLevel.list)")
            return .info
        }
        return level
    }

    /// Two services cannot listen on one address.
    mutating func refuseSharedEndpoints(_ configuration: NodeConfiguration) {
        let all = [
            (Setting.listen, configuration.listen), (.gateway, configuration.gateway),
            (.control, configuration.control),
        ]
        for (index, (setting, endpoint)) in all.enumerated() where endpoint.port != 0 {
            if let (other, _) = all[..<index].first(where: { $0.1 == endpoint }) {
                note(setting, "'\(endpoint)' is already used for --\(other.name); give each its own port")
            }
        }
    }

    private mutating func read<Value>(
        _ setting: Setting,
        fallback: Value,
        _ parse: (String) throws(SettingsError) -> Value
    ) -> Value {
        do throws(SettingsError) {
            return try parse(text(setting) ?? "")
        } catch {
            note(setting, error.message)
            return fallback
        }
    }

    private mutating func note(_ setting: Setting, _ message: String) {
        let origin = entries[setting]?.origin ?? .defaultValue
        switch origin {
        case .flag(let name): problems.append("\(name): \(message)")
        case .environment(let variable): problems.append("\(variable): \(message)")
        case .file(let path, let line): problems.append("\(path) line \(line): \(setting.name): \(message)")
        case .defaultValue: problems.append("\(setting.name): \(message)")
        }
    }
}
