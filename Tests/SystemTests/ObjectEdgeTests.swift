import Glibc
import Testing

extension SystemTests {
    /// What users try besides files and folders.
    struct ObjectEdges {
        @Test func get_intoADevice_writesToItAndLeavesItThere() async throws {
            try await withMesh(nodes: 1, options: Objects.options) { mesh in
                let node = mesh.nodes[0]
                let bytes = SampleSite.bytes(3_000_000, seed: 40)
                try await node.put(bytes, as: "object")
                let pipe = "\(mesh.folder.path)/pipe"
                #expect(mkfifo(pipe, 0o600) == 0)
                let read = "\(mesh.folder.path)/read"
                let reader = try ChildProcess("/bin/cat", [pipe], output: read, errors: read + ".errors")
                defer { reader.kill() }
                #expect(try await node.run("get", "object", "-o", pipe).exitCode == 0)
                #expect(try await reader.end() == 0)
                #expect(try mesh.folder.holds(bytes, in: "read"))
                var status = stat()
                #expect(lstat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
                // A device that is always full takes nothing, and is still a device.
                let full = try await node.run("get", "object", "-o", "/dev/full")
                #expect(full.exitCode != 0)
                #expect(lstat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
            }
        }

        /// Opened anew, what stands behind it would be written from its start.
        @Test func get_intoItsOwnStandardOutput_appendsWhereThatIs() async throws {
            try await withMesh(nodes: 1, options: Objects.options) { mesh in
                let node = mesh.nodes[0]
                try await node.put(Array("object\n".utf8), as: "object")
                try mesh.folder.write("log", Array("before\n".utf8))
                let command = "\"$0\" get object -o /dev/stdout --data \"$1\" >> \"$2\""
                let shell = try ChildProcess(
                    "/bin/sh",
                    ["-c", command, Holdfast.path, node.data, "\(mesh.folder.path)/log"],
                    output: "\(mesh.folder.path)/shell.out",
                    errors: "\(mesh.folder.path)/shell.err"
                )
                #expect(try await shell.end() == 0)
                #expect(try mesh.folder.holds(Array("before\nobject\n".utf8), in: "log"))
            }
        }

        @Test func get_ofAFileOntoAFolder_saysSo() async throws {
            try await withMesh(nodes: 1, options: Objects.options) { mesh in
                try await mesh.nodes[0].put([1], as: "object")
                let refused = try await mesh.nodes[0].run("get", "object", "-o", mesh.folder.path)
                #expect(refused.exitCode != 0)
                #expect(refused.errors.contains("is a folder"))
            }
        }

        @Test func put_ofAnObjectWhereAFolderIs_isRefusedBothWays() async throws {
            try await withMesh(nodes: 1, options: Objects.options) { mesh in
                let node = mesh.nodes[0]
                try await node.put([1], as: "folder/object")
                for name in ["folder", "folder/object/below"] {
                    try mesh.folder.write("small", [2])
                    let refused = try await node.run("put", "\(mesh.folder.path)/small", "--name", name)
                    #expect(refused.exitCode == 4, "\(name)")
                    #expect(refused.errors.contains("cannot be stored"), "\(name)")
                }
                #expect(try await node.output("ls") == ["folder/object"])
                let status = try await node.run("stat", "folder")
                #expect(status.output.contains("objects   1, kept with the names because it is small"))
            }
        }
    }
}
