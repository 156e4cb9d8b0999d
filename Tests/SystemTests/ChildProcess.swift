import Foundation
import Glibc
import Synchronization

/// A process that this one started; what it prints goes to files.
final class ChildProcess: Sendable {
    /// Why a process was not started.
    struct NotStarted: Error, CustomStringConvertible {
        let description: String
    }

    let id: pid_t
    /// The exit code, or the negative signal number, once the process has been waited for.
    private let ended = Mutex<Int32?>(nil)

    /// Starts `executable` with the parent's environment, without settings that were meant for a node of its own.
    ///
    /// - Parameter input: The file that is its standard input.
    init(_ executable: String, _ arguments: [String], input: String? = nil, output: String, errors: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        if let input {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
        } else {
            posix_spawn_file_actions_adddup2(&actions, Leash.childEnd, STDIN_FILENO)
        }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, flags, 0o600)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)

        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp = Self.environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var id: pid_t = 0
        let result = posix_spawn(&id, executable, &actions, &attributes, &argv, &envp)
        guard result == 0 else {
            throw NotStarted(description: "cannot start \(executable): \(String(cString: strerror(result)))")
        }
        self.id = id
    }

    /// The exit code, or the negative number of the signal that ended the process; `nil` while it runs.
    var status: Int32? {
        ended.withLock { ended in
            if let ended { return ended }
            var status: Int32 = 0
            guard waitpid(id, &status, WNOHANG) == id else { return nil }
            ended = status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
            return ended
        }
    }

    /// Sends a signal, unless the process is gone.
    func signal(_ number: Int32) {
        ended.withLock { ended in
            if ended == nil { _ = Glibc.kill(id, number) }
        }
    }

    /// Waits for the end.
    func end() async throws -> Int32 {
        var status: Int32?
        try await eventually("process \(id) ends") {
            status = self.status
            return status != nil
        }
        return status ?? 0
    }

    /// `SIGKILL`; returns when the process is gone.
    func kill() {
        ended.withLock { ended in
            guard ended == nil else { return }
            _ = Glibc.kill(id, SIGKILL)
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            ended = -SIGKILL
        }
    }

    private static var environment: [String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("HOLDFAST_") }.map { "\($0)=\($1)" }
    }
}

/// A pipe that no child can outlive: its reading end is their standard input, and only this process can write to it.
private enum Leash {
    static let childEnd: Int32 = {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return STDIN_FILENO }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return ends[0]
    }()
}
