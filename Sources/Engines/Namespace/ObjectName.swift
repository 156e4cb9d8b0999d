import Core

/// The name of an object: components between "/", as in a path without a leading one.
///
/// At most ``bytesMax`` bytes of UTF-8, no component empty, "." or "..", no NUL. Compared and ordered by its bytes, so two
/// names that only look alike are two names.
public struct ObjectName: Sendable, CustomStringConvertible {
    public let text: String

    public static let bytesMax = 1_024

    /// - Throws: ``NamespaceError`` `.badName` that says what is wrong.
    public init(_ text: String) throws(NamespaceError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw NamespaceError(.badName, "a name of \(text.utf8.count) bytes, at most \(Self.bytesMax)")
        }
        guard !text.utf8.contains(0) else { throw NamespaceError(.badName, "a name with a NUL byte") }
        for component in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard !component.isEmpty else {
                throw NamespaceError(.badName, "a name with an empty component: \"\(text.prefix(60))\"")
            }
            guard !component.elementsEqual(".".utf8), !component.elementsEqual("..".utf8) else {
                throw NamespaceError(.badName, "a name with the component \"\(Substring(component))\"")
            }
        }
        self.text = text
    }

    public var components: [Substring] {
        text.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
    }

    /// Whether this name is `folder` itself or lies below it.
    public func isAtOrBelow(_ folder: ObjectName) -> Bool {
        text.utf8.starts(with: folder.text.utf8)
            && (text.utf8.count == folder.text.utf8.count
                || text.utf8.dropFirst(folder.text.utf8.count).first == UInt8(ascii: "/"))
    }

    public var description: String { text }
}

extension ObjectName: Comparable, Hashable {
    public static func == (lhs: ObjectName, rhs: ObjectName) -> Bool { lhs.text.utf8.elementsEqual(rhs.text.utf8) }

    public static func < (lhs: ObjectName, rhs: ObjectName) -> Bool {
        lhs.text.utf8.lexicographicallyPrecedes(rhs.text.utf8)
    }

    public func hash(into hasher: inout Swift.Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
