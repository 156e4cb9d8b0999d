/// What keeps a name from being written: as in a file system, a name is an object or a folder, not both.
public enum NameObstacle: Hashable, Sendable {
    /// An object that would have to be a folder.
    case object(ObjectName)
    /// A folder, with this many entries, that would have to be an object.
    case folder(ObjectName, entryCount: Int)
}

extension NamespaceView {
    /// What stands in the way of an entry of this name, `nil` if nothing does.
    ///
    /// - Parameter isFolder: Whether the entry is to be a folder itself; it may stand above others.
    public func obstacle(to name: ObjectName, isFolder: Bool) -> NameObstacle? {
        for end in name.text.utf8.indices where name.text.utf8[end] == UInt8(ascii: "/") {
            guard let above = try? ObjectName(String(name.text[..<end])), let entry = lookup(above) else { continue }
            if entry.content != .folder { return .object(above) }
        }
        if isFolder {
            guard let entry = lookup(name), entry.content != .folder else { return nil }
            return .object(name)
        }
        let below = list(prefix: name.text + "/")
        return below.isEmpty ? nil : .folder(name, entryCount: below.count)
    }
}
