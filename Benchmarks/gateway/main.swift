import Gateway
import Glibc
import NIOPosix

// The gateway alone over a folder, without a mesh: gatewaybench FOLDER [PORT] [EVENT_LOOPS]
// Prints the base URL for Benchmarks/gateway.sh and serves until it is stopped.

let arguments = CommandLine.arguments
guard arguments.count > 1 else {
    print("usage: gatewaybench FOLDER [PORT] [EVENT_LOOPS]")
    exit(64)
}
let port = arguments.count > 2 ? Int(arguments[2]) ?? 8099 : 8099
let loops = arguments.count > 3 ? Int(arguments[3]) ?? 1 : 1
let names = ["1KiB.bin", "64KiB.bin", "1MiB.bin", "100MiB.bin"]
let source = try FolderSource(folder: arguments[1], names: names)
let server = try await GatewayServer(
    configuration: GatewayConfiguration(host: "127.0.0.1", port: port),
    source: source,
    group: MultiThreadedEventLoopGroup(numberOfThreads: loops)
)
try await server.start()
print("http://127.0.0.1:\(port)/ipfs/\(source.root)")
fflush(nil)
try await server.run()
