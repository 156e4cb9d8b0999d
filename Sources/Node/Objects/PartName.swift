import Core

/// What is called the file that holds what is there so far of another one, in the same folder.
///
///     photo.jpg.0123456789abcdef01234567.holdfast-part    the bytes
///     photo.jpg.0123456789abcdef01234567.holdfast-seals   by which they are checked before they are gone on with
///
/// The digits tell what is being written: another version of an object never goes on with the bytes of this one.
package struct PartName: Hashable, Sendable {
    /// Bytes of the file's own name that stand in that of its part, so that this is no longer than a name may be.
    private static let stemBytesMax = 190
    private static let markByteCount = 12
    private static let suffixes = [".holdfast-part", ".holdfast-seals"]

    /// The file whose part it is, and where.
    let target: String
    let part: String
    let seals: String

    /// - Parameters:
    ///   - target: Path of the file that is written.
    ///   - identity: What is written.
    package init(of target: String, identity: Digest) {
        let (folder, name) = Self.split(target)
        let stem = folder + Self.stem(of: name) + "." + Self.hex(identity.bytes.prefix(Self.markByteCount))
        self.target = target
        part = stem + Self.suffixes[0]
        seals = stem + Self.suffixes[1]
    }

    /// Whether a name is that of a part.
    ///
    /// - Parameter file: Name of the file whose part it is; `nil` for any.
    package static func isPart(_ name: String, of file: String? = nil) -> Bool {
        guard let suffix = suffixes.first(where: name.hasSuffix) else { return false }
        let rest = name.dropLast(suffix.count)
        guard let dot = rest.lastIndex(of: "."), dot > rest.startIndex else { return false }
        let mark = rest[rest.index(after: dot)...]
        guard mark.utf8.count == markByteCount * 2, mark.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            return false
        }
        return file.map { stem(of: $0) == rest[..<dot] } ?? true
    }

    /// The folder of a path, with its slash, and the name in it.
    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path) }
        return (String(path[...slash]), String(path[path.index(after: slash)...]))
    }

    private static func stem(of name: String) -> String {
        var stem = ""
        for character in name {
            guard stem.utf8.count + String(character).utf8.count <= stemBytesMax else { break }
            stem.append(character)
        }
        return stem
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
