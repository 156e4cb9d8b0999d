import Core
import Glibc

/// The one place where this module asks what time it is.
enum Clock {
    /// Wall time by this machine.
    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
