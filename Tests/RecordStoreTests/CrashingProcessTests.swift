import Core
import Glibc
import RecordStore
import TestFolders
import Testing

/// Processes that end while they process a record, and what their next start makes of it.
@Suite struct CrashingProcessTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func isQuarantined() throws -> Bool {
        let restarted = try folder.open()
        return restarted.begin(digest(1)) == nil
    }

    @Test func trap_whileProcessing_quarantines() async throws {
        await #expect(processExitsWith: .failure) { [path = folder.path as String] in
            let store = try RecordStore(folder: path)
            store.markCrashes()
            _ = store.begin(digest(1))
            preconditionFailure("as a bug would")
        }
        #expect(try isQuarantined())
    }

    @Test func abort_whileProcessing_quarantinesAndEndsAsBefore() async throws {
        await #expect(processExitsWith: .signal(SIGABRT)) { [path = folder.path as String] in
            let store = try RecordStore(folder: path)
            store.markCrashes()
            // Twice, as a program that is sure to be sure.
            store.markCrashes()
            _ = store.begin(digest(1))
            abort()
        }
        #expect(try isQuarantined())
    }

    @Test func stackOverflow_whileProcessing_quarantines() async throws {
        await #expect(processExitsWith: .failure) { [path = folder.path as String] in
            let store = try RecordStore(folder: path)
            store.markCrashes()
            _ = store.begin(digest(1))
            print(depth(of: 1))
        }
        #expect(try isQuarantined())
    }

    @Test func crash_onAnotherThread_quarantinesNothing() async throws {
        await #expect(processExitsWith: .failure) { [path = folder.path as String] in
            let store = try RecordStore(folder: path)
            store.markCrashes()
            _ = store.begin(digest(1))
            var thread = pthread_t()
            pthread_create(&thread, nil, { _ in preconditionFailure("as a bug would") }, nil)
            pthread_join(thread, nil)
        }
        #expect(try !isQuarantined())
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGABRT])
    func signal_fromOutsideWhileProcessing_quarantinesNothing(signal: CInt) async throws {
        await #expect(processExitsWith: .signal(signal)) { [path = folder.path as String, signal = signal as CInt] in
            let store = try RecordStore(folder: path)
            store.markCrashes()
            _ = store.begin(digest(1))
            // A child that was spawned to send it is somebody else.
            var child = pid_t()
            var arguments: [UnsafeMutablePointer<CChar>?] = [
                strdup("kill"), strdup("-\(signal)"), strdup("\(getpid())"), nil,
            ]
            posix_spawn(&child, "/bin/kill", nil, nil, &arguments, nil)
            while true { pause() }
        }
        #expect(try !isQuarantined())
    }

    @Test func crash_afterTheStoreIsGone_leavesOtherFilesAlone() async throws {
        await #expect(processExitsWith: .signal(SIGABRT)) { [path = folder.path as String] in
            try RecordStore(folder: path).markCrashes()
            // They get the descriptors that the store had.
            for number in 0..<8 { _ = open(path + "/other-\(number)", O_RDWR | O_CREAT, 0o600) }
            abort()
        }
        for number in 0..<8 { #expect(try folder.read("other-\(number)").isEmpty) }
    }
}

/// Recursion that no optimiser turns into a loop: every level needs its own memory after the call.
@inline(never)
private func depth(of level: Int) -> Int {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { memory in
        memory.initialize(repeating: level)
        let below = depth(of: level + 1)
        return below + memory[level & 63]
    }
}
