import Core

/// What of a folder is imported.
public struct ImportOptions: Hashable, Sendable {
    /// Entries whose name starts with a dot are taken too.
    public var includesHidden = false
    /// What cannot be imported is listed and left out; otherwise it ends the import.
    public var skipsUnreadable = false

    public init(includesHidden: Bool = false, skipsUnreadable: Bool = false) {
        self.includesHidden = includesHidden
        self.skipsUnreadable = skipsUnreadable
    }
}

/// How far an import is.
public struct ImportProgress: Hashable, Sendable {
    /// Files, folders and links that are done.
    public var entries = 0
    /// Bytes of files that are done.
    public var bytes = 0
}

/// An entry that was left out because it cannot be imported.
public struct SkippedEntry: Hashable, Sendable {
    /// Below the imported folder; bytes that are no UTF-8 are written as `\xNN`.
    public let path: String
    public let reason: String
}

/// What an import of a file or folder found.
public struct ImportReport: Hashable, Sendable {
    public var root: CID
    /// What the DAG weighs in encoded bytes, as UnixFS counts it: what occurs twice counts twice.
    public var dagBytes: UInt64 = 0
    public var files = 0
    public var folders = 0
    public var symlinks = 0
    /// Bytes of the files.
    public var fileBytes = 0
    /// Files that were not read because nothing about them changed since an earlier import.
    public var unchangedFiles = 0
    /// Entries left out because their name starts with a dot.
    public var hiddenEntries = 0
    /// One of them was a `.well-known` folder, which sites often need.
    public var hidesWellKnown = false
    public var skipped: [SkippedEntry] = []
    /// What the store took in; zero for a dry run.
    public var stored = ImportSummary()
}
