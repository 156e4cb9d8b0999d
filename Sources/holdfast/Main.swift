import Glibc
import Node

@main
enum Main {
    static func main() async {
        // A reader that goes away (`holdfast name ls | head -n 1`) is no reason to die without cleaning up.
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        // Only nodes start this, and talk with it over its standard input.
        if arguments == RecordTrial.arguments { TrialLoop.run() }
        exit(await CommandRunner.run(arguments).rawValue)
    }
}
