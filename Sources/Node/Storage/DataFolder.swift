import Core
import Files

/// Where a node keeps everything: one folder, one process.
///
///     node.key  operators/NAME.key  publishers/NAME.key   keys, 0600
///     genesis                                             the mesh that this node belongs to
///     mesh/                                               records of the mesh, journal, quarantine
///     blocks/                                             content
///     pieces/                                             pieces of private objects
///     owner/                                              keys of whoever stores from this machine, 0600
///     floor/                                              keys under which floors of sites are stored, 0600
///     control.token  control.json                         how commands reach the running node
///     lock                                                held while a node runs
package struct DataFolder: Sendable {
    package let path: String

    /// - Throws: ``NodeError`` when the folder cannot be made.
    package init(path: String) throws(NodeError) {
        self.path = path
        for folder in [path, path + "/operators", path + "/publishers"] { try SmallFile.makeFolder(folder) }
    }

    package var nodeKey: String { path + "/node.key" }
    package var genesis: String { path + "/genesis" }
    package var mesh: String { path + "/mesh" }
    package var blocks: String { path + "/blocks" }
    package var pieces: String { path + "/pieces" }
    package var owner: String { path + "/owner" }
    package var floor: String { path + "/floor" }

    package func operatorKey(_ name: String) -> String { path + "/operators/\(name).key" }
    package func publisherKey(_ name: String) -> String { path + "/publishers/\(name).key" }

    /// Takes the folder's lock, which the kernel gives back when the process ends, however it ends.
    package func lock() throws(NodeError) -> FolderLock {
        do {
            if let lock = try FolderLock(path) { return lock }
        } catch {
            throw NodeError(.file, "cannot open \(error.path): \(error.reason)")
        }
        throw NodeError(
            .inUse,
            "another node already runs on \(path); stop it, or start this one with another --data folder"
        )
    }
}
