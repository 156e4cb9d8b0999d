import Glibc

/// Gives threads a stack of their own for signals: a stack that has overflown has no room for the handler.
enum CrashStack {
    static let byteCount = 65_536

    /// Prepares the calling thread, once; the memory is freed when the thread ends.
    static func prepareThread() {
        guard let key, pthread_getspecific(key) == nil else { return }
        var current = stack_t()
        // The runtime may have given this thread one.
        guard sigaltstack(nil, &current) == 0, current.ss_flags & CInt(SS_DISABLE) != 0 else { return }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
        var stack = stack_t(ss_sp: memory, ss_flags: 0, ss_size: byteCount)
        guard sigaltstack(&stack, nil) == 0, pthread_setspecific(key, memory) == 0 else {
            release(memory)
            return
        }
    }

    /// The stacks of threads, by thread; `nil` when the process has no key left.
    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        return pthread_key_create(&key) { memory in CrashStack.release(memory) } == 0 ? key : nil
    }()

    private static func release(_ memory: UnsafeMutableRawPointer?) {
        var none = stack_t(ss_sp: nil, ss_flags: CInt(SS_DISABLE), ss_size: 0)
        sigaltstack(&none, nil)
        memory?.deallocate()
    }
}
