import Core
import Glibc
import Synchronization

/// The one place where this module asks what time it is.
package enum Clock {
    private static let aheadMilliseconds = Atomic<Int64>(0)

    /// Wall time by this machine.
    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
        return now + .milliseconds(aheadMilliseconds.load(ordering: .relaxed))
    }

    /// Lets this process live in another time, for drills: what a wrong clock does, and what comes after months.
    package static func pretend(secondsAhead seconds: Int64) {
        aheadMilliseconds.store(seconds * 1_000, ordering: .relaxed)
    }
}
