import Core
import Publishing
import RecordStore

/// Publications whose copies are being placed, as they are remembered in case this process is killed meanwhile.
struct PublishJournal: Sendable {
    private static let prefix = "placing/"

    let records: RecordStore

    /// - Throws: ``RecordStoreError`` when it cannot be written; then nothing was placed yet.
    func begin(_ record: PublicationRecord) throws {
        try records.set(Self.name(record.publication.publisher), to: record.bytes)
    }

    func end(_ publisher: PublisherID) throws {
        try records.set(Self.name(publisher), to: nil)
    }

    /// What was begun and not ended.
    func open() throws -> [Publication] {
        try records.settings(prefix: Self.prefix).map { try PublicationRecord(decoding: $0.value).publication }
    }

    private static func name(_ publisher: PublisherID) -> String { prefix + publisher.description }
}
