import Core
import Foundation
import Logging
import Mesh
import Node
import Settings

/// A node of another build than the program's, for tests only; takes the settings of `holdfast up` as flags.
///
///     --crash-on TEXT     traps while it decodes a record that holds this text
///     --untried           decodes records of peers itself, without a process that may crash
///     --speaks-next       speaks records of the next version: one more field, one more kind
@main
enum VariantNode {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        var variation = NodeVariation()
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            var isTried = true
            let flags = try flags(arguments, &variation, &isTried)
            if arguments.starts(with: RecordTrial.arguments) { TrialLoop.run(variation: variation) }
            let resolver = SettingsResolver(flags: flags, environment: [:], workingFolder: "/")
            let settings = try resolver.resolve(file: nil)
            ParentWatch.start()
            LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
            try await runNode(
                settings.configuration,
                variation: variation,
                trial: isTried ? RecordTrial(command: RecordTrial.command + variationFlags(arguments)) : nil,
                logger: Logger(label: "variant")
            ) { _ in }
        } catch {
            FileHandle.standardError.write(Data("variant-node: \(error)\n".utf8))
            exit(1)
        }
    }

    private struct Unknown: Error, CustomStringConvertible {
        let description: String
    }

    /// What a process that decodes for this one has to know of it.
    private static func variationFlags(_ arguments: [String]) -> [String] {
        guard let index = arguments.firstIndex(of: "--crash-on") else {
            return arguments.filter { $0 == "--speaks-next" }
        }
        return Array(arguments[index...].prefix(2))
    }

    private static func flags(
        _ arguments: [String],
        _ variation: inout NodeVariation,
        _ isTried: inout Bool
    ) throws -> [Setting: [String]] {
        var flags: [Setting: [String]] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "up", "--exit-with-parent", RecordTrial.arguments[0]: continue
            case "--untried": isTried = false
            case "--speaks-next": NextVersion.vary(&variation)
            case "--crash-on": PlantedCrash.vary(&variation, on: rest.popFirst() ?? "")
            default:
                guard let setting = Setting(name: String(name.dropFirst(2))), let value = rest.popFirst() else {
                    throw Unknown(description: "\(name) is no setting, or has no value")
                }
                flags[setting, default: []].append(value)
            }
        }
        return flags
    }
}

/// A bug in a decoder, as others may have one that nobody knows of.
enum PlantedCrash {
    static func vary(_ variation: inout NodeVariation, on text: String) {
        let bytes = Array(text.utf8)
        precondition(!bytes.isEmpty, "--crash-on needs a text")
        variation.look = { _, record in
            if record.firstRange(of: bytes) != nil { preconditionFailure("planted: a record holds \(text)") }
        }
    }
}
