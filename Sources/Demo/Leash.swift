import Glibc

/// A pipe whose reading end every child has as its standard input: when this process dies, they read its end and end.
package final class Leash: Sendable {
    package let childEnd: Int32
    private let ownEnd: Int32

    /// - Returns: `nil` when the process has too many open files.
    package init?() {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        // Children get the reading end as standard input and must not hold the writing end open.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        childEnd = ends[0]
        ownEnd = ends[1]
    }

    deinit {
        close(childEnd)
        close(ownEnd)
    }
}
