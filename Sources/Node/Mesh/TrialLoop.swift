import Core
import Glibc
import Mesh

/// What the trial process does: decodes what it is sent, as the node would, and says after each record that it lives.
package enum TrialLoop {
    /// How long one record may take where no node is left that would end this process.
    private static let recordSecondsMax: UInt32 = 10

    /// Decodes until standard input closes, then ends the process.
    ///
    /// - Parameter variation: In what the node differs from this version.
    package static func run(variation: NodeVariation = NodeVariation()) -> Never {
        closeInherited()
        forbidCoreDumps()
        while let head = read(4) {
            let count = head.reduce(0) { $0 << 8 | Int($1) }
            guard count <= TrialRequest.bytesMax, let body = read(count), let request = TrialRequest(decoding: body)
            else { exit(EXIT_FAILURE) }
            let judge = NodeJudge(mesh: request.mesh, devices: DeviceRegistry(), variation: variation)
            for record in request.records {
                alarm(recordSecondsMax)
                decode(record.kind, record.bytes, now: request.now, judge: judge)
                alarm(0)
                guard answer() else { exit(EXIT_FAILURE) }
            }
        }
        exit(EXIT_SUCCESS)
    }

    /// Closes what the node had open: a connection that it closes would stay open here, and a port taken.
    private static func closeInherited() {
        guard let folder = opendir("/proc/self/fd") else { return }
        var descriptors: [CInt] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let descriptor = CInt(name), descriptor > STDERR_FILENO { descriptors.append(descriptor) }
        }
        closedir(folder)
        for descriptor in descriptors { close(descriptor) }
    }

    /// A dump takes so long that a crash would look like a record that is never done.
    private static func forbidCoreDumps() {
        // Of one byte: with none, Linux would still hand the dump to a program that collects them.
        var limit = rlimit(rlim_cur: 1, rlim_max: 1)
        if setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0 { return }
        limit = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }

    /// Whether it is valid is for the node to say: here it only matters that there is an answer.
    private static func decode(_ kind: RecordKind, _ bytes: [UInt8], now: Instant, judge: NodeJudge) {
        switch kind {
        case .admission: _ = try? AdmissionRecord(decoding: bytes)
        case .node: _ = try? NodeRecord(decoding: bytes)
        default:
            // Everybody is known and admitted, so that nothing ends the judging early.
            _ = try? judge.judge(kind, bytes, now: now, operatorOf: { _ in anybody }, isAdmitted: { _ in true })
        }
    }

    private static let anybody = try? OperatorID([UInt8](repeating: 0, count: OperatorID.byteCount))

    private static func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let read = bytes[filled...].withUnsafeMutableBytes { Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count) }
            guard read > 0 || read < 0 && errno == EINTR else { return nil }
            filled += max(read, 0)
        }
        return bytes
    }

    private static func answer() -> Bool {
        var byte: UInt8 = 1
        while write(STDIN_FILENO, &byte, 1) != 1 { if errno != EINTR { return false } }
        return true
    }
}
