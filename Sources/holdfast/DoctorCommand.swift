import ArgumentParser
import Control

struct DoctorCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what keeps a node from working, and name the cause.",
        discussion: """
            Works with and without a running node. Takes the flags of 'up', so that it looks at the same addresses.

            Example:
              holdfast doctor --gateway 127.0.0.1:80
            """
    )

    @OptionGroup var options: NodeOptions

    @Flag(help: "Print the findings as JSON.")
    var json = false

    func run() async throws {
        let configuration = try options.resolve().configuration
        let diagnosis = LocalDiagnosis(configuration: configuration)
        var findings: [Finding]
        do {
            let answers = try await ControlClient.with(dataFolder: configuration.dataFolder) { try await $0.doctor() }
            // What the node compares with its peers outranks what can be seen without it.
            let told = Set(answers.map(\.subject))
            findings = diagnosis.findings(nodeIsRunning: true).filter { !told.contains($0.subject) } + answers
        } catch let error as ControlError where error.exitCode == .noNode {
            findings = diagnosis.findings(nodeIsRunning: false)
            findings.append(Finding("node", .fine, "no node runs with \(configuration.dataFolder) at the moment"))
        } catch let error as ControlError where [.unauthorized, .corrupt].contains(error.exitCode) {
            findings = diagnosis.findings(nodeIsRunning: true)
            findings.append(Finding("node", .problem, error.message))
        }
        if json {
            try Terminal.print(try JSONText.encode(findings))
        } else {
            for finding in findings { try Terminal.print(Self.line(finding)) }
        }
        let problems = findings.count { $0.level == .problem }
        guard problems == 0 else {
            throw ControlError(.failed, problems == 1 ? "1 problem found" : "\(problems) problems found")
        }
    }

    private static func line(_ finding: Finding) -> String {
        let level = finding.level.rawValue
        let padding = String(repeating: " ", count: 9 - level.count)
        return level + padding + finding.subject + ": " + finding.cause + (finding.advice.map { "; \($0)" } ?? "")
    }
}
