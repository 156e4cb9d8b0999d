import Control
import Glibc

/// Finds the project's documents, the folder that the demo publishes by default.
enum SiteFinder {
    /// Looks beside the package's manifest, from the working folder and from the program upwards.
    static func projectDocuments() throws(ControlError) -> String {
        for start in ["/proc/self/cwd", "/proc/self/exe"] {
            guard let resolved = realpath(start, nil) else { continue }
            defer { free(resolved) }
            var folder = String(cString: resolved)
            while folder.count > 1 {
                if access(folder + "/Package.swift", R_OK) == 0, access(folder + "/docs", R_OK | X_OK) == 0 {
                    return folder + "/docs"
                }
                guard let slash = folder.lastIndex(of: "/") else { break }
                folder = String(folder[..<slash])
            }
        }
        throw ControlError(
            .usage,
            "the project's docs folder is not here; name a folder with --site DIR"
        )
    }
}
