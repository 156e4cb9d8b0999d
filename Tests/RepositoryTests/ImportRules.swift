import Testing

/// Design section 3: three floors, and imports only point down.
struct ImportRules {
    /// What each module may import of ours; a module that is missing here is a failure.
    static let ours: [String: Set<String>] = [
        "Core": [],
        "Content": ["Core"],
        "Drill": ["Core", "Placement"],
        "Exchange": ["Core"],
        "Mesh": ["Core"],
        "Namespace": ["Core", "Owners"],
        "Objects": ["Core", "Owners", "Placement"],
        "Owners": ["Core"],
        "Placement": ["Core"],
        "Publishing": ["Core", "Placement"],
        "Simulation": ["Core", "Mesh", "Objects", "Placement"],
        "simulate": ["Core", "Mesh", "Simulation"],
        "BlockStore": ["Core", "Content", "Files", "SQLite"],
        "Control": ["Settings"],
        "Erasure": [],
        "Files": [],
        "Gateway": ["Core", "Content"],
        "PieceStore": ["Core", "Files", "Objects", "SQLite"],
        "RecordStore": ["Core", "SQLite"],
        "SQLite": ["Core", "Files"],
        "Settings": [],
        "Transport": ["Core"],
        "Node": [
            "BlockStore", "Content", "Control", "Core", "Drill", "Erasure", "Exchange", "Files", "Gateway", "Mesh",
            "Namespace",
            "Objects", "Owners", "PieceStore", "Placement", "Publishing", "RecordStore", "Settings", "Transport",
        ],
        "Demo": ["Control", "Core", "Settings"],
        "holdfast": ["BlockStore", "Control", "Core", "Demo", "Node", "Settings"],
    ]

    /// The outside modules that an engine may see.
    static let outsideOfEngines: Set<String> = ["CIPSecMB", "Crypto", "HashTreeCollections", "Synchronization"]

    @Test func imports_ofEveryModule_pointDown() {
        for file in SourceTree.current.files {
            guard let allowed = Self.ours[file.module] else {
                Issue.record("\(file.path): module \(file.module) has no line in ImportRules")
                continue
            }
            for (number, name) in Self.imports(of: file) where Self.ours[name] != nil {
                #expect(
                    allowed.contains(name),
                    "\(file.path):\(number) imports \(name), which is not below \(file.module)"
                )
            }
        }
    }

    @Test func imports_ofEngines_areHashesAndTreesOnly() {
        for file in SourceTree.current.engines {
            for (number, name) in Self.imports(of: file) where Self.ours[name] == nil {
                #expect(
                    Self.outsideOfEngines.contains(name),
                    "\(file.path):\(number) imports \(name); an engine does no I/O and sees \(Self.outsideOfEngines.sorted()) only"
                )
            }
        }
    }

    private static func imports(of file: SourceTree.File) -> [(Int, String)] {
        file.code.compactMap { number, text in
            let words = text.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
                words[..<index].allSatisfy({ $0.hasPrefix("@") || ["public", "package", "internal"].contains($0) })
            else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "typealias", "var", "let"]
            let name = kinds.contains(words[index + 1]) && index + 2 < words.count ? words[index + 2] : words[index + 1]
            return (number, String(name.split(separator: ".")[0]))
        }
    }
}
