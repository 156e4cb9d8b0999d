import ArgumentParser
import Control
import UnixSignals

/// Parses, runs, and turns every way to end into one line on standard error and an exit code.
package enum CommandRunner {
    /// `name --data DIR ls` as `name ls --data DIR`: options may stand anywhere after the subcommand.
    package static func leafFirst(_ arguments: [String]) -> [String] {
        let leaves: [String: Set<String>] = [
            "name": ["ls"], "config": ["show"],
            "key": ["backup", "recover", "add-device", "revoke-device", "ls"],
        ]
        guard let first = arguments.first, let known = leaves[first],
            let position = arguments.indices.dropFirst().first(where: { index in
                known.contains(arguments[index]) && arguments[index - 1] != "--data"
            })
        else { return arguments }
        var moved = arguments
        moved.insert(moved.remove(at: position), at: 1)
        return moved
    }

    /// - Parameter arguments: without the program's own name.
    package static func run(_ arguments: [String]) async -> Control.ExitCode {
        do {
            let command = try HoldfastCommand.parseAsRoot(leafFirst(arguments))
            guard var subcommand = command as? any Subcommand else {
                var command = command
                try command.run()
                return .success
            }
            if subcommand.handlesSignals {
                try await subcommand.run()
            } else {
                try await interruptible(subcommand)
            }
            return .success
        } catch {
            return report(error, arguments: arguments)
        }
    }

    /// What a failed parse or run means for the user.
    package static func verdict(
        on error: any Error,
        arguments: [String]
    ) -> (code: Control.ExitCode, output: String?, complaint: String?) {
        if error is ControlError || error is any ControlErrorConvertible || error is CancellationError {
            let error = ControlError(error)
            return (error.exitCode, nil, oneLine(error.message))
        }
        switch HoldfastCommand.exitCode(for: error) {
        case .success:
            return (.success, HoldfastCommand.fullMessage(for: error), nil)
        case .validationFailure:
            let path = commandPath(arguments)
            return (.usage, nil, "\(oneLine(HoldfastCommand.message(for: error))); see '\(path) --help'")
        default:
            return (.failed, nil, oneLine("\(error)"))
        }
    }

    private static func report(_ error: any Error, arguments: [String]) -> Control.ExitCode {
        let (code, output, complaint) = verdict(on: error, arguments: arguments)
        if let complaint { Terminal.complain("holdfast: \(complaint)") }
        guard let output else { return code }
        do throws(ControlError) {
            try Terminal.print(output)
            return code
        } catch {
            return error.exitCode
        }
    }

    /// Runs `command` until it ends or a signal asks it to; then it is cancelled and waited for.
    private static func interruptible(_ command: any Subcommand) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        try await withThrowingTaskGroup(of: UnixSignal?.self) { group in
            group.addTask {
                var command = command
                try await command.run()
                return nil
            }
            group.addTask { await signals.first { _ in true } }
            guard let signal = try await group.next() ?? nil else { return group.cancelAll() }
            group.cancelAll()
            _ = try? await group.next()
            throw signal == .sigint
                ? ControlError(.interrupted, "interrupted")
                : ControlError(.terminated, "terminated")
        }
    }

    /// `holdfast name ls` out of whatever was typed, for the hint where help is.
    private static func commandPath(_ arguments: [String]) -> String {
        var path = ["holdfast"]
        var level: any ParsableCommand.Type = HoldfastCommand.self
        for argument in arguments {
            let next = level.configuration.subcommands.first { $0._commandName == argument }
            guard let next else { break }
            path.append(argument)
            level = next
        }
        return path.joined(separator: " ")
    }

    private static func oneLine(_ text: String) -> String {
        // Some of it may be what strangers call themselves.
        ObjectNames.printable(
            text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined(separator: " ")
        )
    }
}
