import Core
import RecordStore
import TestFolders

extension TemporaryFolder {
    func open() throws -> RecordStore { try RecordStore(folder: path) }
}

func key(_ subject: UInt8, kind: RecordKind = .node) -> RecordKey {
    RecordKey(kind: kind, subject: [UInt8](repeating: subject, count: 32))
}

func record(_ subject: UInt8, version: UInt64 = 1, bytes: [UInt8] = [1, 2, 3]) -> StoredRecord {
    StoredRecord(key: key(subject), version: version, expires: Instant(milliseconds: 1_000), bytes: bytes)
}

func digest(_ number: Int) -> Digest { Digest(hashing: Array("message \(number)".utf8)) }
