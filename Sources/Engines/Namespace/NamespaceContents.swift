import Core

/// Where a part of a namespace lies, and how much it is.
public struct PartReference: Hashable, Sendable {
    public let object: SealedObject
    public let entryCount: UInt64
    /// Bytes of plaintext.
    public let byteCount: UInt64
    /// How often its entries were merged.
    public let level: UInt8

    public init(object: SealedObject, entryCount: UInt64, byteCount: UInt64, level: UInt8) {
        self.object = object
        self.entryCount = entryCount
        self.byteCount = byteCount
        self.level = level
    }
}

/// What a device's namespace root says to those who can open it: the device's parts.
public struct NamespaceContents: Hashable, Sendable {
    public let parts: [PartReference]
    /// Highest counter of any device's writes that the device had seen or made.
    public let highestCounter: UInt64
    /// What a later version of this program added; kept as it came.
    package let trailing: [CBOR]

    /// Most parts of a device.
    public static let partsMax = 24
    private static let formatVersion: UInt64 = 1

    /// - Throws: ``NamespaceError`` `.outOfRange` for more than ``partsMax`` parts.
    public init(parts: [PartReference], highestCounter: UInt64) throws(NamespaceError) {
        try self.init(parts: parts, highestCounter: highestCounter, trailing: [])
    }

    package init(parts: [PartReference], highestCounter: UInt64, trailing: [CBOR]) throws(NamespaceError) {
        guard parts.count <= Self.partsMax else {
            throw NamespaceError(.outOfRange, "a device has \(parts.count) parts, at most \(Self.partsMax)")
        }
        guard highestCounter <= NamespaceStamp.counterMax else {
            throw NamespaceError(.outOfRange, "a device has counted to \(highestCounter)")
        }
        self.parts = parts
        self.highestCounter = highestCounter
        self.trailing = trailing
    }

    /// `[1, highest counter, segments, [[object, entry count, byte count, level], …], …]`.
    package func encoded() -> [UInt8] {
        var table = SegmentTable()
        let references: [CBOR] = parts.map { part in
            .array([
                part.object.cbor(&table), .unsigned(part.entryCount), .unsigned(part.byteCount),
                .unsigned(UInt64(part.level)),
            ])
        }
        return CBOR.array(
            [.unsigned(Self.formatVersion), .unsigned(highestCounter), table.cbor, .array(references)] + trailing
        ).encoded()
    }

    package init(decoding bytes: [UInt8]) throws(NamespaceError) {
        let value: CBOR
        do { value = try CBOR(decoding: bytes) } catch {
            throw NamespaceError(.malformed, "the contents of a namespace root are not CBOR", cause: error)
        }
        guard case .array(let items) = value, items.count >= 4, items[0] == .unsigned(Self.formatVersion),
            case .unsigned(let highest) = items[1], case .array(let references) = items[3],
            references.count <= Self.partsMax
        else {
            throw NamespaceError(.malformed, "the contents of a namespace root are not [1, counter, segments, parts]")
        }
        let table = try SegmentTable(cbor: items[2])
        var parts: [PartReference] = []
        for reference in references {
            guard case .array(let fields) = reference, fields.count >= 4, case .unsigned(let entryCount) = fields[1],
                case .unsigned(let byteCount) = fields[2], byteCount <= UInt64(NamespacePart.bytesMax),
                case .unsigned(let level) = fields[3], level <= 255
            else { throw NamespaceError(.malformed, "a part reference is not [object, entries, bytes, level]") }
            parts.append(
                PartReference(
                    object: try SealedObject(cbor: fields[0], table),
                    entryCount: entryCount,
                    byteCount: byteCount,
                    level: UInt8(level)
                )
            )
        }
        try self.init(parts: parts, highestCounter: highest, trailing: Array(items.dropFirst(4)))
    }
}
