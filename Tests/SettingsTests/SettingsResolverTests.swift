import Settings
import Testing

struct SettingsResolverTests {
    private static let home = ["HOME": "/home/alice"]

    private func resolve(
        flags: [Setting: [String]] = [:],
        environment: [String: String] = home,
        file: String? = nil
    ) throws -> ResolvedSettings {
        let resolver = SettingsResolver(flags: flags, environment: environment, workingFolder: "/srv")
        return try resolver.resolve(file: file.map { try SettingsFile(parsing: $0, path: "/data/holdfast.conf") })
    }

    /// Every combination of the layers that give a value: the highest one wins and is named.
    @Test(arguments: 0..<8)
    func layers_inAnyCombination_highestWinsAndIsNamed(given: Int) throws {
        let flag = given & 4 != 0
        let environment = given & 2 != 0
        let file = given & 1 != 0
        var variables = Self.home
        if environment { variables["HOLDFAST_HOSTING"] = "from-environment" }
        let settings = try resolve(
            flags: flag ? [.hosting: ["from-flag"]] : [:],
            environment: variables,
            file: file ? "# where\nhosting = from-file\n" : nil
        )
        let entry = try #require(settings.entries.first { $0.setting == .hosting })
        let expected: (String, SettingOrigin) =
            flag
            ? ("from-flag", .flag("--hosting"))
            : environment
                ? ("from-environment", .environment("HOLDFAST_HOSTING"))
                : file ? ("from-file", .file("/data/holdfast.conf", line: 2)) : ("home", .defaultValue)
        #expect(settings.configuration.hosting == expected.0)
        #expect(entry.origin == expected.1)
        #expect(entry.shown == expected.0)
    }

    @Test func defaults_alone_areAWorkingNode() throws {
        let configuration = try resolve().configuration
        #expect(configuration.dataFolder == "/home/alice/.holdfast")
        #expect(configuration.control.isLoopback)
        #expect(configuration.invites.isEmpty)
        #expect(configuration.storageBytes == nil)
        #expect(configuration.repairDelay == .seconds(3_600))
        #expect(configuration.repairBytesPerSecond == 32 << 20)
        #expect(configuration.jurisdiction == NodeConfiguration.jurisdictionUnknown)
    }

    @Test func values_ofEveryKind_areRead() throws {
        let configuration = try resolve(
            flags: [
                .data: ["relative"], .listen: ["[::1]:4601"], .join: ["one", "two"], .storage: ["20GB"],
                .cache: ["512MiB"], .repairDelay: ["2s"], .jurisdiction: ["ch"], .operatorKey: ["keys/op.key"],
                .advertise: ["192.0.2.1:4601"], .logLevel: ["debug"],
                .repairRate: ["0"],
            ]
        ).configuration
        #expect(configuration.dataFolder == "/srv/relative")
        #expect(configuration.listen == Endpoint(host: "::1", port: 4601))
        #expect(configuration.invites == ["one", "two"])
        #expect(configuration.storageBytes == 20_000_000_000)
        #expect(configuration.cacheBytes == 512 << 20)
        #expect(configuration.repairDelay == .seconds(2))
        #expect(configuration.repairBytesPerSecond == 0)
        #expect(configuration.jurisdiction == "CH")
        #expect(configuration.operatorKeyFile == "/srv/keys/op.key")
        #expect(configuration.advertise == [Endpoint(host: "192.0.2.1", port: 4601)])
        #expect(configuration.logLevel == .debug)
    }

    @Test(arguments: [
        (Setting.listen, "4601", "the port is missing"),
        (.listen, "example.org:80", "is no IP address"),
        (.gateway, "127.0.0.1:99999", "no number from 0 to 65535"),
        (.gateway, "::1:80", "is no IP address"),
        (.control, "0.0.0.0:4602", "not on loopback"),
        (.control, "127.0.0.1:8080", "already used for --gateway"),
        (.jurisdiction, "CHE", "two letters"),
        (.jurisdiction, "ü", "two letters"),
        (.operatorName, "../etc", "is no name"),
        (.operatorName, "", "is no name"),
        (.hosting, String(repeating: "x", count: 65), "1 to 64"),
        (.storage, "lots", "no number of bytes"),
        (.storage, "99999999999TB", "more than any disk"),
        (.repairDelay, "5", "no duration"),
        (.repairDelay, "0s", "shorter than 100ms"),
        (.repairDelay, "4000d", "ten years"),
        (.repairRate, "fast", "no number of bytes"),
        (.repairRate, "100KiB", "is less than"),
        (.logLevel, "loud", "trace, debug"),
    ])
    func value_thatCannotBe_isRefusedWithItsFlagAndAdvice(setting: Setting, value: String, advice: String) {
        let error = #expect(throws: SettingsError.self) { try resolve(flags: [setting: [value]]) }
        #expect(error?.message.hasPrefix("--\(setting.name): ") == true)
        #expect(error?.message.contains(advice) == true, "\(error?.message ?? "")")
    }

    @Test func mistakes_inSeveralLayers_areAllNamedAtOnce() {
        var environment = Self.home
        environment["HOLDFAST_LISTEN"] = "nowhere"
        let error = #expect(throws: SettingsError.self) {
            try resolve(flags: [.storage: ["lots"]], environment: environment, file: "\njurisdiction = Suisse")
        }
        let message = error?.message ?? ""
        #expect(message.contains("HOLDFAST_LISTEN: "))
        #expect(message.contains("--storage: "))
        #expect(message.contains("/data/holdfast.conf line 2: jurisdiction: "))
        #expect(!message.contains("\n"))
    }

    @Test(arguments: [
        ("hosting", "is no 'name = value'"),
        ("colour = red", "is no setting"),
        ("data = /tmp", "cannot be set in the data folder itself"),
        ("hosting = a\nhosting = b", "already set on line 1"),
    ])
    func file_withABadLine_isRefusedByLine(text: String, advice: String) {
        let error = #expect(throws: SettingsError.self) { try resolve(file: text) }
        #expect(error?.message.contains(advice) == true, "\(error?.message ?? "")")
    }

    @Test func file_withRepeatedJoin_keepsAllInOrder() throws {
        let settings = try resolve(file: "join = first\njoin=second\n")
        #expect(settings.configuration.invites == ["first", "second"])
    }

    @Test func environment_withAnUnknownVariable_isWarnedAbout() throws {
        var environment = Self.home
        environment["HOLDFAST_GATWAY"] = "x"
        #expect(try resolve(environment: environment).warnings.count == 1)
        #expect(try resolve().warnings.isEmpty)
    }

    @Test func invite_whenShown_isCut() throws {
        let invite = "holdfast1" + String(repeating: "a", count: 300)
        let settings = try resolve(flags: [.join: [invite]])
        let entry = try #require(settings.entries.first { $0.setting == .join })
        #expect(entry.shown.count < 20)
        #expect(settings.configuration.invites == [invite])
    }

    @Test func settings_haveDistinctNamesAndVariables() {
        #expect(Set(Setting.allCases.map(\.name)).count == Setting.allCases.count)
        #expect(Set(Setting.allCases.map(\.variable)).count == Setting.allCases.count)
        #expect(Setting.repairDelay.variable == "HOLDFAST_REPAIR_DELAY")
    }
}
