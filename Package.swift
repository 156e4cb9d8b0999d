// swift-tools-version: 6.2

import PackageDescription

// Three floors: engines are pure values, adapters do the I/O, `Node` composes them (docs/architecture.md).
// A folder is a module; imports only point down, and `RepositoryTests` holds the line.

let house: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let tls: [Target.Dependency] = [
    .product(name: "NIOHPACK", package: "swift-nio-http2"),
    .product(name: "NIOHTTP2", package: "swift-nio-http2"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "X509", package: "swift-certificates"),
]
// Intel's library exists for x86-64 only; elsewhere `MultiBufferHash` does without.
#if arch(x86_64)
    let multiBuffer: [Target.Dependency] = ["CIPSecMB"]
#else
    let multiBuffer: [Target.Dependency] = []
#endif
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let sharedTrees: Target.Dependency = .product(name: "HashTreeCollections", package: "swift-collections")
let database: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let httpServer: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")

func engine(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Engines/\(name)", swiftSettings: house)
}

func adapter(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Adapters/\(name)", swiftSettings: house)
}

func floor(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: house)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: house)
}

/// What several test targets share.
func testSupport(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: house)
}

let package = Package(
    name: "holdfast",
    products: [.executable(name: "holdfast", targets: ["holdfast"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CIPSecMB", path: "Sources/Engines/CIPSecMB", providers: [.apt(["libipsec-mb-dev"])]),
        engine("Core", [crypto] + multiBuffer),
        engine("Content", ["Core"]),
        engine("Drill", ["Core", "Placement"]),
        engine("Exchange", ["Core"]),
        engine("Mesh", ["Core", sharedTrees]),
        engine("Namespace", ["Core", "Owners", crypto]),
        engine("Objects", ["Core", "Owners", "Placement", crypto]),
        engine("Owners", ["Core", crypto]),
        engine("Placement", ["Core"]),
        engine("Publishing", ["Core", "Placement"]),
        floor("Simulation", ["Core", "Mesh", "Objects", "Placement"]),

        adapter("BlockStore", ["Core", "Content", "Files", "SQLite", database] + nio),
        adapter("Control", ["Settings", httpServer, httpClient, lifecycle, logging] + nio),
        .systemLibrary(name: "CISAL", path: "Sources/Adapters/CISAL", providers: [.apt(["libisal-dev"])]),
        adapter("Erasure", ["CISAL"]),
        adapter("Files", []),
        adapter("Gateway", ["Core", "Content"] + nio),
        adapter("PieceStore", ["Core", "Files", "Objects", "SQLite", database]),
        adapter("RecordStore", ["Core", "SQLite", database]),
        adapter("SQLite", ["Core", "Files", database]),
        adapter("Transport", ["Core", crypto, logging] + nio + tls),
        floor("Settings", []),

        floor(
            "Node",
            [
                "BlockStore", "Content", "Control", "Core", "Drill", "Erasure", "Exchange", "Files", "Gateway", "Mesh",
                "Namespace", "Objects", "Owners", "PieceStore", "Placement", "Publishing", "RecordStore", "Settings",
                "Transport", lifecycle, logging,
            ] + nio
        ),
        floor("Demo", ["Control", "Core", "Settings", httpClient] + nio),
        .executableTarget(
            name: "holdfast",
            dependencies: [
                "BlockStore", "Control", "Core", "Demo", "Node", "Settings", arguments, logging, signals,
            ] + nio,
            swiftSettings: house
        ),

        .executableTarget(
            name: "simulate",
            dependencies: ["Core", "Mesh", "Simulation", arguments],
            swiftSettings: house
        ),
        .executableTarget(
            name: "erasure-bench",
            dependencies: ["CISAL", "Erasure"],
            path: "Benchmarks/Erasure",
            swiftSettings: house
        ),
        .executableTarget(
            name: "bound-bench",
            dependencies: [
                "Core", "Erasure", "Files", "Transport", crypto, .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio,
            path: "Benchmarks/Bound",
            swiftSettings: house
        ),
        .executableTarget(
            name: "scale-fill",
            dependencies: ["BlockStore", "Content", "Core", "Mesh", "Node", "Objects", "Owners", "PieceStore"] + nio,
            path: "Benchmarks/Scale",
            swiftSettings: house
        ),

        .executableTarget(
            name: "chaos",
            dependencies: ["Control", "Core", "Demo", "Settings", arguments, httpClient] + nio,
            path: "Tests/Chaos",
            swiftSettings: house
        ),
        .executableTarget(
            name: "variant-node",
            dependencies: ["Core", "Mesh", "Node", "Settings", logging],
            path: "Tests/VariantNode",
            swiftSettings: house
        ),
        testSupport(
            "Decoders",
            ["Content", "Core", "Exchange", "Mesh", "Namespace", "Objects", "Owners", "Publishing"]
        ),
        testSupport("FileFaults", ["Files", database]),
        testSupport("GoldenVectors", ["Core"]),
        testSupport("TestFolders", []),

        tests(
            "BlockStoreTests",
            ["BlockStore", "Content", "Core", "FileFaults", "Files", "TestFolders", database] + nio
        ),
        tests("CommandTests", ["Control", "holdfast", arguments] + nio),
        tests("ContentTests", ["Content", "Core"], resources: [.copy("Vectors")]),
        tests("ControlTests", ["Control", "Settings", "TestFolders", lifecycle, logging] + nio),
        tests("CoreTests", ["Core"]),
        tests(
            "DecoderTests",
            ["Control", "Core", "Decoders", "Gateway", "Node", "Owners", "Settings", "Transport"] + nio,
            resources: [.copy("Crashes")]
        ),
        tests("DemoTests", ["Control", "Core", "Demo", "TestFolders", httpClient, httpServer, lifecycle, logging]),
        tests("DrillTests", ["Core", "Drill", "Placement"]),
        tests("ErasureTests", ["Erasure"]),
        tests("ExchangeTests", ["Core", "Exchange"]),
        tests("GatewayTests", ["Content", "Core", "Gateway"] + nio),
        tests("MeshTests", ["Core", "Mesh", "Simulation"], resources: [.copy("Vectors")]),
        tests(
            "NodeTests",
            [
                "BlockStore", "Content", "Control", "Core", "Erasure", "Exchange", "FileFaults", "Files", "Gateway",
                "Mesh", "Namespace", "Node", "Objects", "Owners", "PieceStore", "Placement", "Publishing",
                "RecordStore", "Settings", "TestFolders", "Transport", database, logging,
            ] + nio
        ),
        tests(
            "ObjectsTests",
            ["Core", "GoldenVectors", "Objects", "Owners", "Placement"],
            resources: [.copy("Vectors")]
        ),
        tests("OwnersTests", ["Core", "GoldenVectors", "Owners"], resources: [.copy("Vectors")]),
        tests("PieceStoreTests", ["Core", "FileFaults", "Files", "Objects", "PieceStore", "TestFolders", database]),
        tests("NamespaceTests", ["Core", "GoldenVectors", "Namespace", "Owners"], resources: [.copy("Vectors")]),
        tests("PlacementTests", ["Core", "Placement"]),
        tests("PublishingTests", ["Core", "GoldenVectors", "Placement", "Publishing"], resources: [.copy("Vectors")]),
        tests("RecordStoreTests", ["Core", "FileFaults", "RecordStore", "TestFolders", database]),
        tests("RepositoryTests", []),
        tests("SettingsTests", ["Settings"]),
        tests("SimulationTests", ["Core", "Mesh", "Objects", "Placement", "Simulation"]),
        tests("SystemTests", ["TestFolders"]),
        tests("TransportTests", ["Core", "Transport", logging] + nio + tls),
    ]
)
