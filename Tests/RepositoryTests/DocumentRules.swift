import Foundation
import Testing

/// Documents that a reader relies on exist and do not lie about the tree.
struct DocumentRules {
    @Test(arguments: [
        "README.md", "CHANGELOG.md", "docs/architecture.md", "docs/glossary.md", "docs/performance.md",
        "docs/security.md", "docs/exit-codes.md",
    ])
    func document_isThere(path: String) {
        #expect(!SourceTree.current.text(path).isEmpty, "\(path) is missing or empty")
    }

    @Test func readme_firstScreenShowsTheTwoCommands() {
        let screen = SourceTree.current.text("README.md").split(separator: "\n", omittingEmptySubsequences: false)
            .prefix(60)
        #expect(screen.contains { $0.contains("make demo") })
        #expect(screen.contains { $0.contains("make test") })
    }

    @Test func architecture_namesEveryModule() {
        let text = SourceTree.current.text("docs/architecture.md")
        for module in Set(SourceTree.current.files.map(\.module)).sorted() {
            #expect(text.contains("`\(module)`"), "docs/architecture.md does not name `\(module)`")
        }
    }

    @Test func links_betweenDocumentsResolve() throws {
        let tree = SourceTree.current
        let link = try Regex(#"\]\(([^)#:]+)(#[^)]*)?\)"#)
        let docs = try FileManager.default.subpathsOfDirectory(atPath: tree.root.appending(path: "docs").path)
            .filter { $0.hasSuffix(".md") }.map { "docs/" + $0 }
        for path in docs + ["README.md", "CHANGELOG.md"] {
            let folder = tree.root.appending(path: path).deletingLastPathComponent()
            for match in tree.text(path).matches(of: link) {
                guard let target = match.output[1].substring else { continue }
                let file = folder.appending(path: String(target)).path
                #expect(FileManager.default.fileExists(atPath: file), "\(path) links to \(target), which is not there")
            }
        }
    }

    @Test func packageVersions_areExact() {
        let manifest = SourceTree.current.text("Package.swift")
        let lines = manifest.split(separator: "\n").filter { $0.contains(".package(url:") }
        #expect(!lines.isEmpty)
        for line in lines { #expect(line.contains("exact:"), "not an exact version: \(line)") }
    }
}
