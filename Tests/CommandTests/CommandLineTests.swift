import ArgumentParser
import Control
import Testing
import holdfast

struct CommandLineTests {
    /// What scripts write; each must parse, and none may run anything.
    @Test(arguments: [
        "up", "up --data D --listen 0.0.0.0:1 --gateway 127.0.0.1:2 --control 127.0.0.1:3 --operator o --hosting h",
        "up --jurisdiction CH --join a --join b --operator-key F --storage 1GB --cache 1MB --repair-delay 2s --repair-rate 8MiB",
        "up --probe-interval 1s --log-level debug --advertise 192.0.2.1:1 --exit-with-parent --json",
        "invite", "invite --once --expires 1d --data D", "invite --data D --json --once",
        "status", "status --json --data D", "doctor", "doctor --json --gateway 127.0.0.1:80", "config show",
        "config show --json --data D", "add PATH", "add --hidden PATH --json", "add PATH --skip-unreadable",
        "import a.car", "import --json a.car --data D", "export CID -o a.car", "export -o a.car CID --data D",
        "export --output a.car --json CID", "publish DIR", "publish DIR --name n", "publish --name n DIR --data D",
        "publish --hidden --data D DIR --json --skip-unreadable --copies 3 --lease 7", "unpublish N",
        "unpublish --data D N --json", "name ls", "name ls --json --data D", "demo",
        "demo --nodes 12 --site D --keep --rate 200 --seed 7 --repair-delay 2s --json", "demo --file none",
        "demo --file F --data D", "demo --file-size 64MiB --json", "completions bash",
        "completions zsh", "completions fish", "version", "version --json", "put a",
        "put a b --name n --lease 7 --json",
        "put --skip-hidden --skip-unreadable a --data D", "put - --name n", "put --name n -", "get a", "get a -o b",
        "get -o - a", "get a -o - --data D", "get --output b --json a", "ls", "ls -l", "ls photos/ -l --json --data D",
        "ls --long", "stat a", "stat --json a --data D", "rm a", "rm a b -r", "rm --recursive --data D a --json",
        "key backup", "key backup --json --data D", "key recover", "key recover --name n", "key add-device n",
        "key add-device --accept S --data D", "key add-device --accept -", "key revoke-device n --json", "key ls",
        "key ls --json --data D", "fsck", "fsck --repair", "fsck --no-repair --json --data D", "exit",
        "exit --yes --json --data D", "drill --lose operator:a --lose 33% --json", "drill --all-single --data D",
        "drill --lose hosting:aws --sample 10 --seed 7", "drill --all-single --read --sample 5 --json",
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
        ("config", ""), ("invite --expires", "holdfast invite --help"), ("put", "holdfast put --help"),
        ("put -", "holdfast put --help"), ("put - --name n/", "holdfast put --help"),
        ("put a - --name n", "holdfast put --help"), ("put a --lease 0", "holdfast put --help"),
        ("get", "holdfast get --help"), ("get a b", "holdfast get --help"),
        ("get a -o - --json", "holdfast get --help"),
        ("ls a b", "holdfast ls --help"), ("stat", "holdfast stat --help"), ("rm", "holdfast rm --help"),
        ("key recover abandon", "holdfast key recover --help"), ("key add-device", "holdfast key add-device --help"),
        ("key add-device n --accept S", "holdfast key add-device --help"),
        ("key revoke-device", "holdfast key revoke-device --help"), ("fsck now", "holdfast fsck --help"),
        ("drill", "holdfast drill --help"), ("drill --lose a --all-single", "holdfast drill --help"),
        ("drill --lose a --sample 0", "holdfast drill --help"), ("drill --lose a --read", "holdfast drill --help"),
        ("drill --all-single --sample 3", "holdfast drill --help"), ("exit now", "holdfast exit --help"),
        ("demo --file f --file-size 1MiB", "holdfast demo --help"),
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
        "name ls", "demo", "completions", "version", "put", "get", "ls", "stat", "rm", "key backup", "key recover",
        "key add-device", "key revoke-device", "key ls", "fsck", "exit", "drill",
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
                + "corrupt=9 unreachable=10 refused=11 wouldLose=12 interrupted=130 terminated=143"
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
