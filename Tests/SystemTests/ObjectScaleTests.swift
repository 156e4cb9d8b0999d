import Foundation
import Glibc
import Testing

extension SystemTests {
    /// Private objects that are large, or many.
    struct ObjectScale {
        /// Most memory that the writer's node ever takes, in bytes; 256 MiB are allowed.
        private static let memoryMax = 180 << 20
        /// What a longer stream may take beyond a shorter one, in bytes: less than half a segment.
        private static let growthMax = 24 << 20

        @Test func standardInput_threeTimesAsLong_takesNoMoreMemory() async throws {
            try await withMesh(nodes: 3, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                let path = "\(mesh.folder.path)/zeros"
                try mesh.folder.write("zeros", [])
                var peaks: [Int] = []
                for megabytes in [256, 768] {
                    try #require(truncate(path, megabytes << 20) == 0)
                    let arguments = ["put", "-", "--name", "zeros", "--data", writer.data]
                    try #require(await Holdfast.run(arguments, input: path, in: mesh.folder).exitCode == 0)
                    peaks.append(try peakMemory(of: writer))
                }
                #expect(peaks[0] < Self.memoryMax)
                #expect(peaks[1] < peaks[0] + Self.growthMax, "\(peaks) bytes")
            }
        }

        @Test func folder_ofManySmallFiles_comesBackAsItWas() async throws {
            try await withMesh(nodes: 3, options: Objects.options) { mesh in
                // Inline ones, such as share a window, and such as take more than one record.
                for number in 0..<300 {
                    let count = number % 50 == 49 ? 70_000 : number * 30
                    try mesh.folder.write("many/\(number % 7)/\(number)", SampleSite.bytes(count, seed: UInt64(number)))
                }
                _ = try await mesh.nodes[0].output("put", "\(mesh.folder.path)/many")
                for _ in 0..<2 {
                    _ = try await mesh.nodes[0].output("get", "many", "-o", "\(mesh.folder.path)/back")
                    #expect(
                        try FolderContents(of: "\(mesh.folder.path)/back")
                            == FolderContents(of: "\(mesh.folder.path)/many")
                    )
                }
            }
        }

        /// The most memory that the node's process ever had, in bytes.
        private func peakMemory(of node: TestNode) throws -> Int {
            let id = try #require(node.processID)
            let status = Holdfast.text("/proc/\(id)/status")
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            return try #require(Int(line.split(separator: " ").dropLast().last ?? "")) << 10
        }
    }
}
