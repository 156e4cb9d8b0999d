/// How a store's volume files are called: a number of at least six digits, and the ending of that store.
package struct VolumeName: Sendable {
    /// With its dot.
    package let ending: String

    package init(ending: String) {
        self.ending = ending
    }

    package func text(_ id: Int64) -> String {
        let digits = String(id)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ending
    }

    /// `nil` for a name that no volume of this kind has.
    package func id(_ name: String) -> Int64? {
        guard name.hasSuffix(ending), let id = Int64(name.dropLast(ending.count)), id > 0, text(id) == name else {
            return nil
        }
        return id
    }
}
