import Foundation

/// The types of the sources that decode, found by how the house writes decoders.
enum SourceDecoders {
    /// What is reached through another entry of the table, or has a suite of its own, and where.
    static let elsewhere: [String: String] = [
        "CARHeader": "CARReader",
        "DAGPBLink": "DAGPBNode",
        "ModificationTime": "UnixFSData",
        "IPNSEntry": "IPNSRecord",
        "IPNSData": "IPNSRecord",
        "Fields": "PublicationRecord and FloorRecord, whose payloads are signed anew",
        "Holding": "HoldingRecord",
        "Locator": "Invitation",
        "DeviceStatement": "NamespaceRoot, SegmentRecord, Grant",
        "SegmentsStatement": "LeaseRenewal and Tombstone",
        "StorePartHead": "StorePart",
        "TrialLoop": "the decoders and judges of all records, which it only calls",
        "FrameHeader": "PieceDamageTests flips every part of a volume",
        "VolumeHeader": "PieceDamageTests flips every part of a volume",
    ]

    private static let signs = [
        "init(decoding ", "init(parsing ", "static func decode(", "static func decode<", "static func read(from ",
    ]

    /// By name of the type: a file that has its decoder.
    static func types() throws -> [String: String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let sources = root.appending(path: "Sources").path
        var found: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: sources) where path.hasSuffix(".swift") {
            let text = try String(contentsOfFile: sources + "/" + path, encoding: .utf8)
            for type in types(in: text) { found[type] = path }
        }
        return found
    }

    private static func types(in text: String) -> Set<String> {
        var open: [(indentation: Int, name: String)] = []
        var found: Set<String> = []
        for line in text.split(separator: "\n") {
            let indentation = line.prefix { $0 == " " }.count
            let code = line.dropFirst(indentation)
            guard !code.hasPrefix("//") else { continue }
            let words = code.split(whereSeparator: { " :<{(".contains($0) })
            if let keyword = words.firstIndex(where: { ["struct", "enum", "class", "extension"].contains($0) }),
                keyword + 1 < words.count, words[..<keyword].allSatisfy({ $0.allSatisfy(\.isLetter) })
            {
                open.removeAll { $0.indentation >= indentation }
                let name = words[keyword + 1].split(separator: ".").last ?? words[keyword + 1]
                open.append((indentation, String(name)))
            }
            guard signs.contains(where: code.contains), code.hasSuffix("{") || code.hasSuffix("("),
                !code.contains(" = "), let owner = open.last(where: { $0.indentation < indentation })
            else { continue }
            found.insert(owner.name)
        }
        return found
    }
}
