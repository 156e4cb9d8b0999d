import Glibc

@main
enum Main {
    static func main() async {
        // A reader that goes away (`holdfast name ls | head -n 1`) is no reason to die without cleaning up.
        signal(SIGPIPE, SIG_IGN)
        exit(await CommandRunner.run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }
}
