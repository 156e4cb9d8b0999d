/// What a directory entry may be called, so that a name is one path segment everywhere.
public enum EntryName {
    /// Longest name, in bytes, as file systems have it.
    public static let bytesMax = 255

    /// - Throws: ``ContentError`` `.invalidName` for "", ".", "..", a slash or NUL inside, or more than ``bytesMax``
    ///   bytes.
    public static func check(_ name: String) throws(ContentError) {
        let bytes = name.utf8
        guard bytes.count <= bytesMax else {
            throw ContentError(
                .invalidName,
                "name of \(bytes.count) bytes, at most \(bytesMax): \"\(name.prefix(40))…\"; shorten it"
            )
        }
        let isDots = bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8)
        guard !bytes.isEmpty, !isDots, !bytes.contains(UInt8(ascii: "/")), !bytes.contains(0) else {
            throw ContentError(.invalidName, "\"\(name)\" is no name for a directory entry; rename it")
        }
    }
}
