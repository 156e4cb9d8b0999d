import Core
import Glibc

/// The keys behind this node's own names: one file per label.
package struct PublisherKeys: Sendable {
    let folder: DataFolder

    package init(folder: DataFolder) {
        self.folder = folder
    }

    /// Longest label, in bytes.
    package static let labelBytesMax = 64

    /// Letters and digits of any script, space and `. _ - + @`.
    static func isAllowed(_ character: Character) -> Bool {
        character.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte >= 0x80
                || [0x20, 0x2B, 0x2D, 0x2E, 0x40, 0x5F].contains(byte)
        }
    }

    /// - Throws: ``NodeError`` `.usage` for a label that is no plain name.
    package static func check(_ label: String) throws(NodeError) {
        let allowed = label.allSatisfy(isAllowed)
        guard !label.isEmpty, label.utf8.count <= labelBytesMax, allowed, !label.hasPrefix(".") else {
            throw NodeError(
                .usage,
                "\"\(label)\" cannot be a site's label: letters, digits, space and . _ - + @, at most \(labelBytesMax) bytes; "
                    + "choose one with --name"
            )
        }
    }

    /// The key of a label; made on first use.
    package func key(for label: String) throws(NodeError) -> SigningKey<PublisherRole> {
        try Self.check(label)
        return try KeyFile.readOrCreate(folder.publisherKey(label), as: PublisherRole.self)
    }

    /// All labels with their keys, by label.
    package func all() throws(NodeError) -> [(label: String, key: SigningKey<PublisherRole>)] {
        guard let directory = opendir(folder.path + "/publishers") else { return [] }
        defer { closedir(directory) }
        var labels: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".key"), !name.hasPrefix(".") { labels.append(String(name.dropLast(4))) }
        }
        var keys: [(label: String, key: SigningKey<PublisherRole>)] = []
        for label in labels.sorted() {
            guard let key = try KeyFile.read(folder.publisherKey(label), as: PublisherRole.self) else { continue }
            keys.append((label, key))
        }
        return keys
    }

    /// The key that a person means by a label or by a `k51…` name.
    ///
    /// - Throws: ``NodeError`` `.notFound`.
    package func find(_ name: String) throws(NodeError) -> (label: String, key: SigningKey<PublisherRole>) {
        for (label, key) in try all() where label == name || key.id.description == name { return (label, key) }
        throw NodeError(.notFound, "this node publishes nothing under \"\(name)\"; see: holdfast name ls")
    }
}
