import Control
import FoundationEssentials
import Glibc

/// Where the demo's nodes keep their data while it runs.
final class DemoFolder: Sendable {
    let path: String
    /// The temporary folder that it lies in.
    let base: String
    private let keep: Bool

    /// - Parameter keep: leave the folder behind.
    init(keep: Bool) throws(ControlError) {
        base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        // mkdtemp(3) replaces the six X.
        var template = Array("\(base)/holdfast-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            let text = String(cString: strerror(errno))
            throw ControlError(
                .failed,
                "cannot make a folder in \(base): \(text); name another one with TMPDIR"
            )
        }
        path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.keep = keep
        guard mkdir(operators, 0o700) == 0 else {
            throw ControlError(.failed, "cannot make a folder in \(path)")
        }
    }

    private var operators: String { path + "/operators" }

    func operatorKey(_ name: String) -> String { "\(operators)/\(name).key" }
    func data(_ member: DemoMember) -> String { "\(path)/node-\(member.index + 1)" }
    func log(_ member: DemoMember) -> String { "\(path)/node-\(member.index + 1).log" }
    var pages: String { path + "/pages" }
    var file: String { path + "/file" }

    /// The line of a node's log that most likely says why it ended.
    func lastWords(_ member: DemoMember) -> String {
        let bytes =
            FileManager.default.contents(atPath: log(member)).map { [UInt8]($0.suffix(65_536)) } ?? []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let telling =
            lines.last { $0.hasPrefix("holdfast: ") || $0.contains("Fatal error") } ?? lines.last
            ?? "no reason given"
        return "\(telling) (--keep leaves the log behind)"
    }

    /// Removes everything, unless it is to be kept.
    func remove() {
        guard !keep else { return }
        try? FileManager.default.removeItem(atPath: path)
    }
}
