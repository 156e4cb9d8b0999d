import Glibc

/// Gives memory that work has freed back to the system.
///
/// The C library keeps what was freed for the next time; after a large publish or many archives that is tens of
/// megabytes which an idle node does not need.
enum FreedMemory {
    /// After work on so many bytes the next may not wait for the regular round: both together would take more than one needs.
    static let bytesWorthIt = 64 << 20

    // malloc_trim(3) of the GNU C library; the Glibc module does not show it, other C libraries lack it.
    private typealias Trim = @convention(c) (Int) -> CInt
    private static let trim: Trim? = dlsym(nil, "malloc_trim").map { unsafeBitCast($0, to: Trim.self) }

    static func giveBack() {
        _ = trim?(0)
    }
}
