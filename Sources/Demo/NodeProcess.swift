import Control
import Glibc
import Synchronization

/// A running `holdfast up`, in a process of its own.
final class NodeProcess: Sendable {
    let id: pid_t
    /// Whether the process has been waited for; its id means nothing after that.
    private let isGone = Mutex(false)

    /// Starts this very program.
    ///
    /// - Parameters:
    ///   - log: file that takes what the process prints; made.
    ///   - leash: kills the process when this one dies.
    /// - Throws: ``ControlError`` when the system starts no more processes.
    init(arguments: [String], environment: [String], log: String, leash: Leash) throws(ControlError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, leash.childEnd, STDIN_FILENO)
        posix_spawn_file_actions_addopen(
            &actions,
            STDOUT_FILENO,
            log,
            O_WRONLY | O_CREAT | O_APPEND,
            0o600
        )
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C at the terminal reaches the demo alone, which then ends its nodes.
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)

        let executable = Self.executable
        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var id: pid_t = 0
        let result = posix_spawn(&id, executable, &actions, &attributes, &argv, &envp)
        guard result == 0 else {
            throw ControlError(
                .failed,
                "cannot start a node process: \(String(cString: strerror(result)))"
            )
        }
        self.id = id
    }

    deinit {
        kill()
    }

    /// Whether the process ended by itself or was killed.
    var hasEnded: Bool {
        isGone.withLock { isGone in
            if !isGone, waitpid(id, nil, WNOHANG) == id { isGone = true }
            return isGone
        }
    }

    /// `SIGKILL`; returns when the process is gone.
    func kill() {
        isGone.withLock { isGone in
            guard !isGone else { return }
            Glibc.kill(id, SIGKILL)
            while waitpid(id, nil, 0) < 0, errno == EINTR {}
            isGone = true
        }
    }

    private static var executable: String {
        guard let path = realpath("/proc/self/exe", nil) else { return "/proc/self/exe" }
        defer { free(path) }
        return String(cString: path)
    }
}
