import Foundation
import TestFolders

/// The program under test.
enum Holdfast {
    /// `HOLDFAST_BINARY`, or `holdfast` beside this test bundle, where one build puts both.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["HOLDFAST_BINARY"] { return path }
        let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appending(path: "holdfast").path
    }()

    /// A program that lies beside the one under test.
    static func beside(_ name: String) -> String {
        URL(filePath: path).deletingLastPathComponent().appending(path: name).path
    }

    /// What a command left behind.
    struct Outcome: Sendable {
        let exitCode: Int32
        /// Standard output, line by line.
        let output: [String]
        let errors: String

        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
    }

    /// Runs a command to its end; its output lies in files of `folder` meanwhile.
    ///
    /// - Parameter input: The file that is its standard input.
    static func run(
        _ arguments: [String],
        input: String? = nil,
        in folder: TemporaryFolder
    ) async throws -> Outcome {
        let name = UUID().uuidString
        let output = "\(folder.path)/\(name).out"
        let errors = "\(folder.path)/\(name).err"
        let process = try ChildProcess(path, arguments, input: input, output: output, errors: errors)
        defer { process.kill() }
        let exitCode = try await process.end()
        return Outcome(
            exitCode: exitCode,
            output: text(output).split(separator: "\n").map(String.init),
            errors: text(errors)
        )
    }

    static func text(_ path: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(filePath: path))) ?? Data(), as: UTF8.self)
    }
}
