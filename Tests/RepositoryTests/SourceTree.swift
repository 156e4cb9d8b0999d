import Foundation

/// The checkout as the rules of the house see it: source files by module and floor.
struct SourceTree {
    struct File {
        /// Path from the root of the checkout.
        let path: String
        let module: String
        let lines: [String]

        /// Lines with their 1-based numbers, without comment lines.
        var code: [(number: Int, text: String)] {
            lines.enumerated().compactMap { index, line in
                line.drop { $0 == " " }.hasPrefix("//") ? nil : (index + 1, line)
            }
        }
    }

    let root: URL
    let files: [File]

    static let current = SourceTree(
        root: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    )

    init(root: URL) {
        self.root = root
        files = Self.swiftFiles(below: root.appending(path: "Sources")).map { url in
            let path = url.path.dropFirst(root.path.count + 1)
            let parts = path.split(separator: "/")
            let floored = parts[1] == "Engines" || parts[1] == "Adapters"
            let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
            return File(
                path: String(path),
                module: String(parts[floored ? 2 : 1]),
                lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            )
        }
    }

    var engines: [File] { files.filter { $0.path.hasPrefix("Sources/Engines/") } }

    func text(_ path: String) -> String {
        (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
    }

    private static func swiftFiles(below url: URL) -> [URL] {
        let enumerator = FileManager.default.enumerator(at: url, includingPropertiesForKeys: nil)
        return (enumerator?.compactMap { $0 as? URL } ?? [])
            .filter { $0.pathExtension == "swift" }
            .sorted { $0.path < $1.path }
    }
}
