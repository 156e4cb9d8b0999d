import ArgumentParser
import Control
import Testing
import holdfast

struct CommandLineTests {
    /// What scripts write; each must parse, and none may run anything.
    @Test(arguments: [
        "up", "up --data D --listen 0.0.0.0:1 --gateway 127.0.0.1:2 --control 127.0.0.1:3 --operator o --hosting h",
        "up --jurisdiction CH --join a --join b --operator-key F --storage 1GB --cache 1MB --repair-delay 2s",
        "up --probe-interval 1s --log-level debug --advertise 192.0.2.1:1 --exit-with-parent --json",
        "invite", "invite --once --expires 1d --data D", "invite --data D --json --once",
        "status", "status --json --data D", "doctor", "doctor --json --gateway 127.0.0.1:80", "config show",
        "config show --json --data D", "add PATH", "add --hidden PATH --json", "add PATH --skip-unreadable",
        "import a.car", "import --json a.car --data D", "export CID -o a.car", "export -o a.car CID --data D",
        "export --output a.car --json CID", "publish DIR", "publish DIR --name n", "publish --name n DIR --data D",
        "publish --hidden --data D DIR --json --skip-unreadable --copies 3 --lease 7", "unpublish N",
        "unpublish --data D N --json", "name ls", "name ls --json --data D", "demo",
        "demo --nodes 12 --site D --keep --rate 200 --seed 7 --repair-delay 2s --json", "completions bash",
        "completions zsh", "completions fish", "version", "version --json",
    ])
    func command_withOptionsAnywhere_parses(line: String) throws {
        #expect(throws: Never.self) { try HoldfastCommand.parseAsRoot(line.split(separator: " ").map(String.init)) }
    }

    /// What a shell's user gets wrong: one line on standard error, exit code 2, nothing on standard output.
    @Test(arguments: [
        ("publsh", "holdfast --help"), ("publish", "holdfast publish --help"),
        ("publish a b", "holdfast publish --help"), ("publish a --copies 0", "holdfast publish --help"),
        ("publish a --copies many", "holdfast publish --help"), ("name ls --bogus", "holdfast name ls --help"),
        ("export CID", "holdfast export --help"), ("completions tcsh", "holdfast completions --help"),
        ("config", ""), ("invite --expires", "holdfast invite --help"),
    ])
    func commandLine_thatIsWrong_isOneLineWithAHint(line: String, hint: String) {
        let arguments = line.split(separator: " ").map(String.init)
        do {
            _ = try HoldfastCommand.parseAsRoot(arguments)
            #expect(hint.isEmpty, "'\(line)' parsed")
        } catch {
            let verdict = CommandRunner.verdict(on: error, arguments: arguments)
            #expect(verdict.code == .usage)
            #expect(verdict.output == nil)
            #expect(verdict.complaint?.contains("see '\(hint)'") == true, "\(verdict.complaint ?? "")")
            #expect(verdict.complaint?.contains("\n") == false)
        }
    }

    @Test(arguments: ["--help", "publish --help", "help publish", "--version", "name ls -h"])
    func help_isAResult(line: String) {
        let arguments = line.split(separator: " ").map(String.init)
        do {
            var command = try HoldfastCommand.parseAsRoot(arguments)
            try command.run()
            Issue.record("'\(line)' did not ask for help")
        } catch {
            let verdict = CommandRunner.verdict(on: error, arguments: arguments)
            #expect(verdict.code == .success)
            #expect(verdict.output?.isEmpty == false)
            #expect(verdict.complaint == nil)
        }
    }

    @Test(arguments: [
        "up", "invite", "status", "doctor", "config show", "add", "import", "export", "publish", "unpublish",
        "name ls", "demo", "completions", "version",
    ])
    func help_ofEveryCommand_hasAnExampleDataAndJSON(name: String) {
        let path = name.split(separator: " ").map(String.init)
        do {
            _ = try HoldfastCommand.parseAsRoot(path + ["--help"])
        } catch {
            let text = HoldfastCommand.fullMessage(for: error)
            #expect(text.contains("Example"))
            #expect(text.contains("  holdfast \(name)") || text.contains(" holdfast \(name)"))
            #expect(text.contains("--json"))
            #expect(text.contains("--data"))
        }
    }

    @Test func help_listsEveryExitCode() {
        let text = HoldfastCommand.helpMessage()
        for code in Control.ExitCode.allCases {
            #expect(text.contains("\(code.rawValue)  \(code.meaning)"), "\(code) is not in --help on a line of its own")
        }
    }

    /// The numbers are a contract: a change here is a change for every script.
    @Test func exitCodes_keepTheirNumbers() {
        let numbers = Control.ExitCode.allCases.map { "\($0)=\($0.rawValue)" }.joined(separator: " ")
        #expect(
            numbers == "success=0 failed=1 usage=2 noNode=3 badInput=4 notFound=5 unauthorized=6 inUse=7 full=8 "
                + "corrupt=9 unreachable=10 refused=11 interrupted=130 terminated=143"
        )
    }

    @Test(arguments: [
        ("./site", "/a/site", "site"), ("site/", "/a/site", "site"), (".", "/a/real", "real"),
        ("..", "/a", "a"), ("current", "/a/v1.2", "current"), ("/", "/", "root"),
    ])
    func label_ofAFolder_isItsNameAsTyped(typed: String, resolved: String, label: String) {
        #expect(SiteLabel.label(typed: typed, resolved: resolved) == label)
    }

    @Test func day_ofALeaseEnd_isUTC() {
        #expect(CalendarDay.text(1_800_000_000_000) == "2027-01-15")
        #expect(CalendarDay.text(0) == "1970-01-01")
    }
}
