import Control
import Glibc
import Settings
import Synchronization

/// A running `holdfast up`, in a process of its own.
package final class NodeProcess: Sendable {
    package let id: pid_t
    /// Once the process has been waited for: its exit code, or the negative number of the signal that ended it. Its id
    /// means nothing after that.
    private let ended = Mutex<Int32?>(nil)

    /// Starts a process.
    ///
    /// - Parameters:
    ///   - executable: this very program unless given.
    ///   - log: file that takes what the process prints; made.
    ///   - leash: kills the process when this one dies.
    /// - Throws: ``ControlError`` when the system starts no more processes.
    package init(
        executable: String? = nil,
        arguments: [String],
        environment: [String],
        log: String,
        leash: Leash
    ) throws(ControlError) {
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

        let executable = executable ?? Self.executable
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

    /// The exit code, or the negative number of the signal that ended the process; `nil` while it runs.
    package var status: Int32? {
        ended.withLock { ended in
            var status: Int32 = 0
            if ended == nil, waitpid(id, &status, WNOHANG) == id { ended = Self.code(of: status) }
            return ended
        }
    }

    /// Whether the process ended by itself or was killed.
    package var hasEnded: Bool { status != nil }

    /// Sends a signal, unless the process is gone.
    package func signal(_ number: Int32) {
        ended.withLock { ended in
            if ended == nil { _ = Glibc.kill(id, number) }
        }
    }

    /// `SIGKILL`; returns when the process is gone.
    package func kill() {
        ended.withLock { ended in
            guard ended == nil else { return }
            _ = Glibc.kill(id, SIGKILL)
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            ended = Self.code(of: status)
        }
    }

    private static func code(of status: Int32) -> Int32 {
        status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }

    /// The user's environment without settings that were meant for a node of their own.
    package static var environment: [String] { ProcessEnvironment.entries(without: "HOLDFAST_") }

    private static var executable: String {
        guard let path = realpath("/proc/self/exe", nil) else { return "/proc/self/exe" }
        defer { free(path) }
        return String(cString: path)
    }
}
