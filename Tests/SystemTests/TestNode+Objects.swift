import Foundation
import Glibc
import TestFolders

extension TestNode {
    /// Of stat(2)'s `st_blocks`, whatever the file system's blocks are.
    private static let diskBlockByteCount = 512

    /// Bytes that the pieces of private objects take on this node's disk.
    var pieceDiskBytes: Int {
        let volumes = data + "/pieces/volumes"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: volumes)) ?? []
        return names.reduce(0) { sum, name in
            var status = Glibc.stat()
            guard lstat(volumes + "/" + name, &status) == 0 else { return sum }
            return sum + Int(status.st_blocks) * Self.diskBlockByteCount
        }
    }

    /// Stores bytes that come on standard input.
    func put(_ bytes: [UInt8], as name: String) async throws {
        let file = "input-\(UUID().uuidString)"
        try folder.write(file, bytes)
        let path = "\(folder.path)/\(file)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let arguments = ["put", "-", "--name", name, "--data", data]
        let outcome = try await Holdfast.run(arguments, input: path, in: folder)
        guard outcome.exitCode == 0 else {
            throw CommandFailed(description: "put \(name): exit code \(outcome.exitCode), \(outcome.errors)")
        }
    }

    /// The bytes of an object as they come on standard output.
    func read(_ name: String) async throws -> [UInt8] {
        let (output, errors) = ("\(folder.path)/\(UUID().uuidString)", "\(folder.path)/read.err")
        defer { try? FileManager.default.removeItem(atPath: output) }
        let arguments = ["get", name, "-o", "-", "--data", data]
        let process = try ChildProcess(Holdfast.path, arguments, output: output, errors: errors)
        defer { process.kill() }
        let exitCode = try await process.end()
        guard exitCode == 0 else {
            throw CommandFailed(description: "get \(name): exit code \(exitCode), \(Holdfast.text(errors))")
        }
        return Array(try Data(contentsOf: URL(filePath: output)))
    }

    /// Whether an object is what it should be; a failure does not print its bytes.
    func gives(_ bytes: [UInt8], as name: String) async throws -> Bool { try await read(name) == bytes }

    /// Gives a secret on standard input.
    func recover(_ phrase: String) async throws -> Holdfast.Outcome {
        let file = "phrase-\(UUID().uuidString)"
        try folder.write(file, Array((phrase + "\n").utf8))
        let arguments = ["key", "recover", "--data", data]
        return try await Holdfast.run(arguments, input: "\(folder.path)/\(file)", in: folder)
    }
}

extension TemporaryFolder {
    /// Whether a file is what it should be; a failure does not print its bytes.
    func holds(_ bytes: [UInt8], in name: String) throws -> Bool { try read(name) == bytes }
}

/// What lies in a folder, by path below it.
struct FolderContents: Equatable {
    enum Entry: Equatable {
        case file(Data, mode: Int)
        case folder
        case link(String)
    }

    let entries: [String: Entry]

    init(of folder: String) throws {
        let files = FileManager.default
        var entries: [String: Entry] = [:]
        for path in try files.subpathsOfDirectory(atPath: folder) {
            let full = folder + "/" + path
            let attributes = try files.attributesOfItem(atPath: full)
            switch attributes[.type] as? FileAttributeType {
            case .typeDirectory: entries[path] = .folder
            case .typeSymbolicLink: entries[path] = .link(try files.destinationOfSymbolicLink(atPath: full))
            default:
                let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
                entries[path] = .file(try Data(contentsOf: URL(filePath: full)), mode: mode)
            }
        }
        self.entries = entries
    }
}
