import Glibc

/// Ends this process when standard input closes, which the kernel does for a parent that dies, however it dies.
///
/// For `up --exit-with-parent`, with which demo and tests start nodes: none of them outlives who started it.
package enum ParentWatch {
    package static func start() {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 64 << 10)
        pthread_create(
            &thread,
            &attributes,
            { _ in
                var byte: UInt8 = 0
                while true {
                    let count = read(STDIN_FILENO, &byte, 1)
                    if count == 0 || (count < 0 && errno != EINTR) { _exit(143) }
                }
            },
            nil
        )
        pthread_attr_destroy(&attributes)
    }
}
