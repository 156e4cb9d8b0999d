import ArgumentParser
import Control
import Glibc

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "The key that your objects belong to, and the devices that write for it.",
        subcommands: [Backup.self, Recover.self, AddDevice.self, RevokeDevice.self, List.self]
    )

    struct Backup: Subcommand {
        static let configuration = CommandConfiguration(
            commandName: "backup",
            abstract: "Print the recovery phrase; write it down on paper.",
            discussion: """
                Whoever has the phrase can read and remove all your objects; without it they are lost with your
                machines.

                Example:
                  holdfast key backup
                """
        )

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let backup = try await common.withNode { try await $0.keyBackup() }
            try common.show(backup, lines: [backup.phrase])
            Terminal.complain("holdfast: keep this secret, and off this machine; 'holdfast key recover' takes it")
        }
    }

    struct Recover: Subcommand {
        static let configuration = CommandConfiguration(
            commandName: "recover",
            abstract: "Bring your key back from its recovery phrase; prints the owner.",
            discussion: """
                Reads the phrase from the terminal or from standard input, never from an argument, which others on
                this machine could see.

                Examples:
                  holdfast key recover
                  holdfast key recover --name laptop < phrase.txt
                """
        )

        @OptionGroup var common: CommonOptions

        @Option(help: ArgumentHelp("What this machine is called among your devices (default: its host name)."))
        var name: String?

        func run() async throws {
            if isatty(STDIN_FILENO) == 1 { Terminal.draw("recovery phrase: ") }
            let phrase = try await SecretInput.line()
            guard !phrase.isEmpty else { throw ControlError(.usage, "there is no phrase on standard input") }
            let device = name ?? Surroundings.hostName
            let recovered = try await common.withNode { client in
                try await client.keyRecover(phrase: phrase, deviceName: device)
            }
            try common.show(recovered, lines: [recovered.owner])
            Terminal.complain("holdfast: found \(ObjectText.count(recovered.objects, "object"))")
        }
    }

    struct AddDevice: Subcommand {
        static let configuration = CommandConfiguration(
            commandName: "add-device",
            abstract: "Let another machine write for your key; prints what it has to accept.",
            discussion: """
                Run it here, and give what it prints to the other machine; keep it secret, whoever has it becomes
                your device.

                Examples:
                  holdfast key add-device laptop
                  holdfast key add-device --accept STRING
                """
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: ArgumentHelp("What the other machine is called among your devices.", valueName: "NAME"))
        var name: String?

        @Option(help: ArgumentHelp("Become a device of the key that gave it; '-' reads it.", valueName: "STRING"))
        var accept: String?

        func validate() throws {
            guard (name == nil) != (accept == nil) else {
                throw ValidationError("give a NAME for the other machine, or --accept what it printed")
            }
        }

        func run() async throws {
            if let accept {
                let text = accept == ObjectNames.standardStream ? try await SecretInput.line() : accept
                let accepted = try await common.withNode { try await $0.keyAcceptDevice(text) }
                try common.show(accepted, lines: [accepted.owner])
                Terminal.complain("holdfast: found \(ObjectText.count(accepted.objects, "object"))")
            } else if let name {
                let invite = try await common.withNode { try await $0.keyAddDevice(name: name) }
                try common.show(invite, lines: [invite.text])
                Terminal.complain("holdfast: on the other machine: holdfast key add-device --accept STRING")
            }
        }
    }

    struct RevokeDevice: Subcommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke-device",
            abstract: "End a device's right to write for your key.",
            discussion: """
                What it wrote until now stays.

                Example:
                  holdfast key revoke-device laptop
                """
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: ArgumentHelp("Name or k51… of the device; see 'holdfast key ls'.", valueName: "DEVICE"))
        var device: String

        func run() async throws {
            try await common.withNode { try await $0.keyRevokeDevice(device) }
            try common.show(["revoked": device], lines: [])
        }
    }

    struct List: Subcommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "Print each device: name, k51…, state, and whether it is this machine.",
            discussion: """
                Fields are separated by tabs.

                Example:
                  holdfast key ls | cut -f 1,3
                """
        )

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let devices = try await common.withNode { try await $0.keyDevices() }
            try common.show(
                devices,
                lines: devices.map { entry in
                    [
                        ObjectNames.printable(entry.name), entry.device, entry.state.rawValue,
                        entry.isThis ? "this" : "",
                    ].joined(separator: "\t")
                }
            )
        }
    }
}
