// Tells the thread sanitizer of what orders two threads inside libraries of the toolchain that are not instrumented, and would
// look like a race otherwise. Preloaded by scripts/sanitize.
//
// The contended path of Swift's `Mutex` (stdlib/public/Synchronization/Mutex/LinuxImpl.swift): the word of the lock is the first
// of the handle, and the other paths are inlined in instrumented code, which uses the same address.
//
// A task that comes to wait for a continuation that was resumed already goes on at once (stdlib/public/Concurrency/Task.cpp,
// `swift_continuation_await`). Resuming releases the task; this path, unlike the one through a queue, does not acquire it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef __attribute__((swiftcall)) void (*lock_function)(uint32_t, __attribute__((swift_context)) void *);
typedef __attribute__((swiftcall)) void (*unlock_function)(__attribute__((swift_context)) void *);

__attribute__((swiftcall)) void lock_slow(uint32_t, __attribute__((swift_context)) void *) __asm__(LOCK);
__attribute__((swiftcall)) void unlock_slow(__attribute__((swift_context)) void *) __asm__(UNLOCK);

__attribute__((swiftcall)) void lock_slow(uint32_t thread, __attribute__((swift_context)) void *handle) {
    static lock_function next;
    if (!next) next = (lock_function)dlsym(RTLD_NEXT, LOCK);
    next(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

__attribute__((swiftcall)) void unlock_slow(__attribute__((swift_context)) void *handle) {
    static unlock_function next;
    if (!next) next = (unlock_function)dlsym(RTLD_NEXT, UNLOCK);
    if (__tsan_release) __tsan_release(handle);
    next(handle);
}

extern __attribute__((swiftcall)) void *swift_task_getCurrent(void);
__attribute__((swiftasynccall)) void swift_continuation_await(void *context);

typedef __attribute__((swiftasynccall)) void (*await_function)(void *context);

__attribute__((swiftasynccall)) void swift_continuation_await(void *context) {
    static await_function next;
    if (!next) next = (await_function)dlsym(RTLD_NEXT, "swift_continuation_await");
    if (__tsan_acquire) __tsan_acquire(swift_task_getCurrent());
    __attribute__((musttail)) return next(context);
}
