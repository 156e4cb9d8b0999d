import TestFolders

/// Runs `body` with the path of a folder that is gone afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    try withExtendedLifetime(folder) { try body(folder.path) }
}
