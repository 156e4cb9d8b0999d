import Glibc
public import Settings

/// What can be found out about a node's surroundings on this machine alone, whether or not the node runs.
public struct LocalDiagnosis: Sendable {
    /// Free space below which a node cannot work, in bytes.
    static let freeBytesMin = 256 << 20
    /// Free space below which a node will be in trouble soon, in bytes.
    static let freeBytesLow = 2 << 30
    /// Open files that a node may need.
    static let openFilesMin = 1_024
    /// 2025-01-01T00:00:00Z in seconds: no clock that is right shows less.
    static let clockSecondsMin = 1_735_689_600

    private let configuration: NodeConfiguration

    public init(configuration: NodeConfiguration) {
        self.configuration = configuration
    }

    /// - Parameter nodeIsRunning: leaves out the ports, which the node itself holds then.
    public func findings(nodeIsRunning: Bool) -> [Finding] {
        var findings = [dataFolder(), disk(), clock(), openFiles()]
        if !nodeIsRunning {
            findings.append(port(configuration.listen, setting: .listen))
            findings.append(port(configuration.gateway, setting: .gateway))
            findings.append(port(configuration.control, setting: .control))
        }
        return findings
    }

    private func dataFolder() -> Finding {
        let path = configuration.dataFolder
        var status = stat()
        guard stat(path, &status) == 0 else {
            let reason = errno
            guard reason == ENOENT else {
                return Finding("data folder", .problem, "\(path) cannot be opened: \(systemText(reason))")
            }
            let parent = Self.nearestFolder(to: path)
            guard access(parent, W_OK | X_OK) == 0 else {
                return Finding(
                    "data folder",
                    .problem,
                    "\(path) is not there, and this user may not make it in \(parent)",
                    advice: "name another one with --data"
                )
            }
            return Finding("data folder", .fine, "\(path) is not there yet; the first 'holdfast up' makes it")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return Finding(
                "data folder",
                .problem,
                "\(path) is no folder",
                advice: "name another one with --data"
            )
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            return Finding(
                "data folder",
                .problem,
                "this user may not write to \(path)",
                advice: "run as the user that owns it, or name another one with --data"
            )
        }
        return Finding("data folder", .fine, "\(path) can be read and written")
    }

    /// `path`, or the folder above it that exists.
    private static func nearestFolder(to path: String) -> String {
        var folder = path
        while access(folder, F_OK) != 0, folder.count > 1, let slash = folder.lastIndex(of: "/") {
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
        return folder
    }

    private func disk() -> Finding {
        let folder = Self.nearestFolder(to: configuration.dataFolder)
        var space = statvfs()
        guard statvfs(folder, &space) == 0 else {
            return Finding("disk", .warning, "the free space under \(folder) is unknown: \(systemText(errno))")
        }
        let free = Int(clamping: UInt64(space.f_bavail) &* UInt64(space.f_frsize))
        let shown = ByteCountText.format(free)
        if free < Self.freeBytesMin || (space.f_files > 0 && space.f_favail == 0) {
            return Finding(
                "disk",
                .problem,
                "the disk under \(folder) is full: \(shown) free, \(space.f_favail) files",
                advice: "free some space, or move the data folder to another disk"
            )
        }
        if free < Self.freeBytesLow {
            return Finding(
                "disk",
                .warning,
                "the disk under \(folder) is nearly full: \(shown) free",
                advice: "free some space, or lend less with --storage"
            )
        }
        return Finding("disk", .fine, "\(shown) free under \(folder)")
    }

    /// Without peers a clock can only be compared with what was written before: time does not run backwards.
    private func clock() -> Finding {
        let now = time(nil)
        if now < Self.clockSecondsMin {
            return Finding(
                "clock",
                .problem,
                "the clock shows a time before 2025",
                advice: "set it, for example with timedatectl"
            )
        }
        var status = stat()
        if stat(configuration.dataFolder, &status) == 0, status.st_mtim.tv_sec > now + 60 {
            return Finding(
                "clock",
                .problem,
                "the clock is \(status.st_mtim.tv_sec - now) seconds behind the last change in the data folder",
                advice: "set it, for example with timedatectl"
            )
        }
        return Finding("clock", .fine, "the clock agrees with the data folder; a running node compares it with others")
    }

    private func openFiles() -> Finding {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_max < Self.openFilesMin
        else { return Finding("open files", .fine, "enough files may be open at once") }
        return Finding(
            "open files",
            .warning,
            "only \(limit.rlim_max) files may be open at once; a busy gateway needs more",
            advice: "raise the limit (ulimit -Hn \(Self.openFilesMin), or LimitNOFILE= of the service)"
        )
    }

    private func port(_ endpoint: Endpoint, setting: Setting) -> Finding {
        let subject = "--\(setting.name) \(endpoint)"
        guard let reason = PortProbe.bindError(endpoint) else { return Finding(subject, .fine, "the port is free") }
        switch reason {
        case EADDRINUSE:
            let holder = PortProbe.holder(of: endpoint.port).map { " by \($0)" } ?? ""
            return Finding(
                subject,
                .problem,
                "port \(endpoint.port) is taken\(holder)",
                advice: "stop what uses it, or choose another one with --\(setting.name)"
            )
        case EADDRNOTAVAIL:
            return Finding(
                subject,
                .problem,
                "\(endpoint.host) is no address of this machine",
                advice: "choose one of its own with --\(setting.name), or 0.0.0.0 for all"
            )
        case EACCES:
            return Finding(
                subject,
                .problem,
                "this user may not listen on port \(endpoint.port)",
                advice: "choose a port from 1024 up with --\(setting.name)"
            )
        default:
            return Finding(subject, .problem, "cannot listen there: \(systemText(reason))")
        }
    }
}
