import Glibc
import Settings

/// A process that decodes records in this one's stead; they talk over a pair of sockets, its standard input.
///
/// One caller at a time. It ends with its owner, however that ends, because its input closes.
final class TrialProcess {
    /// How an exchange ended.
    enum Outcome: Equatable {
        case answered
        /// The process ended after so many answers; `signal` is `nil` when it exited.
        case ended(answers: Int, signal: CInt?)
        case late
    }

    private let id: pid_t
    private let socket: CInt
    private var isReaped = false

    /// - Parameter command: Path of the program, and its arguments.
    /// - Throws: ``TrialError`` when the system starts no more processes.
    init(_ command: [String]) throws(TrialError) {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | Self.closeOnExec, 0, &ends) == 0 else {
            throw TrialError("socketpair: \(String(cString: strerror(errno)))")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: what a terminal sends is for the node.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        var argv = command.map { strdup($0) } + [nil]
        var envp = Self.environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var id: pid_t = 0
        let result = posix_spawn(&id, command[0], &actions, &attributes, &argv, &envp)
        close(ends[1])
        guard result == 0 else {
            close(ends[0])
            throw TrialError("cannot start \(command[0]): \(String(cString: strerror(result)))")
        }
        self.id = id
        socket = ends[0]
        _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
    }

    deinit {
        close(socket)
        guard !isReaped else { return }
        _ = reap(until: .now)
    }

    /// Sends `request` and waits for `count` bytes of answer.
    func exchange(_ request: [UInt8], count: Int, deadline: ContinuousClock.Instant) -> Outcome {
        var (sent, answers) = (0, 0)
        var answer = [UInt8](repeating: 0, count: 4096)
        while answers < count {
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { return .late }
            var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            if sent < request.count { entry.events |= Int16(POLLOUT) }
            guard poll(&entry, 1, CInt(left.rounded(.up))) >= 0 || errno == EINTR else { return .late }
            if entry.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
                let read = recv(socket, &answer, answer.count, 0)
                if read == 0 || read < 0 && errno != EAGAIN && errno != EINTR {
                    return .ended(answers: answers, signal: reap(until: deadline))
                }
                answers += max(read, 0)
            }
            if entry.revents & Int16(POLLOUT) != 0, sent < request.count {
                // A process that is gone is seen when its answer is read.
                let written = request[sent...].withUnsafeBytes { bytes in
                    send(socket, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
                }
                sent += max(written, 0)
            }
        }
        return .answered
    }

    /// Waits for the end; kills the process when there was none by the deadline.
    ///
    /// - Returns: The signal that ended it.
    private func reap(until deadline: ContinuousClock.Instant) -> CInt? {
        isReaped = true
        var status: CInt = 0
        var isKilled = false
        while true {
            let ended = waitpid(id, &status, isKilled ? 0 : WNOHANG)
            if ended == id { break }
            guard ended == 0 || errno == EINTR else { return nil }
            if isKilled { continue }
            if ContinuousClock.now < deadline {
                usleep(Self.reapPeriodMicroseconds)
            } else {
                kill(id, SIGKILL)
                isKilled = true
            }
        }
        let signal = status & 0x7F
        return signal == 0 ? nil : signal
    }

    /// How often it is looked whether the process ended.
    private static let reapPeriodMicroseconds: UInt32 = 500

    private static let closeOnExec = CInt(SOCK_CLOEXEC.rawValue)

    /// This process's, but a crash ends the process at once and not after a backtrace.
    private static var environment: [String] {
        ["SWIFT_BACKTRACE=enable=no"] + ProcessEnvironment.entries(without: "SWIFT_BACKTRACE=")
    }
}

/// Why no trial process could be started.
struct TrialError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
