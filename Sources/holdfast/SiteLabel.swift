/// The label of a folder that is published without `--name`.
package enum SiteLabel {
    /// The folder's name as typed, so that a link keeps its name whatever it points to; `.` has none of its own.
    ///
    /// - Parameter resolved: the absolute path, links resolved.
    package static func label(typed: String, resolved: String) -> String {
        let last = typed.split(separator: "/").last.map(String.init) ?? ""
        let isName = !last.isEmpty && last != "." && last != ".."
        return isName ? last : resolved.split(separator: "/").last.map(String.init) ?? "root"
    }
}
