/// What stands directly in a folder.
public struct NamespaceChild: Hashable, Sendable {
    /// The last component of its name.
    public let component: String
    /// The entry of this very name; `nil` for a folder that only exists because something lies below it.
    public let entry: NamespaceEntry?
    /// Whether something lies below it.
    public let hasChildren: Bool
}

extension NamespaceView {
    /// What stands directly in `folder`, `nil` for the top, by the bytes of the component.
    ///
    /// Takes time in proportion to the children, not to what lies below them.
    public func children(of folder: ObjectName?) -> [NamespaceChild] {
        let prefix = folder.map { Array($0.text.utf8) + [UInt8(ascii: "/")] } ?? []
        let end = Self.successor(of: prefix).map { start(of: $0) } ?? entries.count
        var found: [[UInt8]: (entry: NamespaceEntry?, hasChildren: Bool)] = [:]
        var index = start(of: prefix)
        while index < end {
            let rest = entries[index].name.text.utf8.dropFirst(prefix.count)
            let component = Array(rest.prefix { $0 != UInt8(ascii: "/") })
            if component.count == rest.count {
                found[component, default: (nil, false)].entry = entries[index]
                index += 1
            } else {
                found[component, default: (nil, false)].hasChildren = true
                let below = prefix + component + [UInt8(ascii: "/")]
                index = Self.successor(of: below).map { start(of: $0) } ?? end
            }
        }
        return found.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { component, child in
            NamespaceChild(
                component: String(decoding: component, as: UTF8.self),
                entry: child.entry,
                hasChildren: child.hasChildren
            )
        }
    }
}
