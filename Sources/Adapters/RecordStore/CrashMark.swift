import Glibc
import Synchronization

/// Tells the crash journal that this process crashes, from within the signal handler.
///
/// Everything that the handler touches is made by ``install(for:)`` and never freed; it takes no lock, allocates
/// nothing, and calls `pwrite`, `sigaction` and `raise`, which POSIX allows there.
enum CrashMark {
    /// What a process gets for its own fault. SIGKILL, SIGTERM and the like are not among them: being killed says
    /// nothing about what was being processed.
    static let signals: [CInt] = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT]
    /// The mark: a constant, then the thread that crashed, each 8 bytes little endian.
    static let byteCount = 16
    static let constant: UInt64 = 0x3152_4853_4152_4321

    /// The thread that calls, as slots and mark name it; no other living thread has the same.
    static var thread: UInt64 { UInt64(pthread_self()) }

    /// Marks the file behind `descriptor` when this process crashes, from now on; only the latest such file.
    ///
    /// What handled the signals before runs afterwards, and sees the crash as if nothing had been in between.
    static func install(for descriptor: CInt) {
        // Once without a file: what is made at its first use is made now and not in the handler.
        if descriptorOfCrash.load(ordering: .relaxed) < 0 { write(to: -1, using: markOfCrash) }
        descriptorOfCrash.store(descriptor, ordering: .sequentiallyConsistent)
        guard !isInstalled.exchange(true, ordering: .sequentiallyConsistent) else { return }
        for signal in signals {
            // Known before the handler can run.
            sigaction(signal, nil, previous + Int(signal))
            var action = sigaction()
            action.__sigaction_handler.sa_sigaction = handleCrash
            action.sa_flags = SA_SIGINFO | SA_ONSTACK
            sigaction(signal, &action, nil)
        }
    }

    /// Ends what ``install(for:)`` began, if it is still about this file; call before its descriptor is closed.
    static func forget(_ descriptor: CInt) {
        _ = descriptorOfCrash.compareExchange(expected: descriptor, desired: -1, ordering: .sequentiallyConsistent)
    }

    /// Whether a crash would be marked at all.
    static var isActive: Bool { descriptorOfCrash.load(ordering: .relaxed) >= 0 }

    /// Marks the file with the calling thread; `mark` is room for two words that nobody else writes.
    static func write(to descriptor: CInt, using mark: UnsafeMutablePointer<UInt64>) {
        mark[0] = constant.littleEndian
        mark[1] = thread.littleEndian
        _ = pwrite(descriptor, mark, byteCount, off_t(JournalFile.markOffset))
    }

    /// The thread that a mark names, `nil` where there is no mark.
    static func thread(in bytes: some Collection<UInt8>) -> UInt64? {
        let words = [bytes.prefix(8), bytes.dropFirst(8).prefix(8)].map { part in
            part.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        return words[0] == constant ? words[1] : nil
    }
}

private let descriptorOfCrash = Atomic<CInt>(-1)
private let isInstalled = Atomic(false)
/// Two words that only a crashing process writes; should two threads crash at once, either is named.
private nonisolated(unsafe) let markOfCrash = UnsafeMutablePointer<UInt64>.allocate(capacity: 2)
/// By signal number; written once before the handler is installed, by ``CrashMark/install(for:)``.
private nonisolated(unsafe) let previous = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)

private func handleCrash(_ signal: CInt, _ info: UnsafeMutablePointer<siginfo_t>?, _: UnsafeMutableRawPointer?) {
    guard let info else { return }
    let isFault = info.pointee.si_code > 0
    // `kill -ABRT` from outside is no crash.
    if isFault || info.pointee._sifields._kill.si_pid == getpid() {
        CrashMark.write(to: descriptorOfCrash.load(ordering: .relaxed), using: markOfCrash)
    }
    sigaction(signal, previous + Int(signal), nil)
    // A fault happens again as soon as this returns, then with the address and registers that a backtrace needs. What
    // was sent, and a breakpoint, does not: it is sent again, and arrives when this returns.
    if !isFault || signal == SIGTRAP { raise(signal) }
}
