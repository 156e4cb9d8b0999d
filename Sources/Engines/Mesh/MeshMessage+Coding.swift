import Core

extension MeshMessage {
    private enum Kind: UInt64 {
        case news = 0
        case ping = 1
        case pingRequest = 2
        case ack = 3
        case records = 4
        case summary = 5
        case inventory = 6
        case want = 7
        case unlink = 8
        case prune = 9
        case rollCall = 10
        case alive = 11
    }

    /// Most list items in one message.
    static let itemsMax = 16_384

    var encoded: [UInt8] {
        var fields: [String: CBOR] = ["c": .integer(clock.milliseconds), "i": .unsigned(incarnation)]
        if !updates.isEmpty {
            fields["u"] = .array(
                updates.map {
                    .array([.bytes($0.node.bytes), .unsigned(UInt64($0.status.rawValue)), .unsigned($0.incarnation)])
                }
            )
        }
        let kind: Kind
        switch body {
        case .news: kind = .news
        case .ping(let sequence, let wish):
            kind = .ping
            fields["s"] = .unsigned(sequence)
            if let wish { fields["w"] = .unsigned(wish.rawValue) }
        case .pingRequest(let sequence, let target):
            kind = .pingRequest
            fields["s"] = .unsigned(sequence)
            fields["t"] = .bytes(target.bytes)
        case .ack(let sequence, let about, let isLinked):
            kind = .ack
            fields["s"] = .unsigned(sequence)
            fields["t"] = .bytes(about.bytes)
            if let isLinked { fields["l"] = .bool(isLinked) }
        case .records(let records, let alongTree):
            kind = .records
            if alongTree { fields["t"] = .bool(true) }
            fields["r"] = .array(records.map(\.encoded))
        case .summary(let buckets):
            kind = .summary
            fields["b"] = .array(buckets.map { .unsigned($0) })
        case .inventory(let buckets, let entries):
            kind = .inventory
            fields["b"] = .array(buckets.map { .unsigned($0) })
            fields["e"] = .array(entries.flatMap { [.unsigned($0.keyHash), .unsigned($0.version)] })
        case .want(let hashes):
            kind = .want
            fields["b"] = .array(hashes.map { .unsigned($0) })
        case .unlink: kind = .unlink
        case .prune: kind = .prune
        case .rollCall: kind = .rollCall
        case .alive(let hashes):
            kind = .alive
            fields["b"] = .array(hashes.map { .unsigned($0) })
        }
        fields["k"] = .unsigned(kind.rawValue)
        return CBOR.map(fields).encoded()
    }

    /// - Throws: ``MeshError`` `.malformed` or `.tooLarge`.
    init(decoding bytes: [UInt8]) throws(MeshError) {
        guard bytes.count <= MeshLimits.messageBytesMax else {
            throw MeshError(.tooLarge, "a message of \(bytes.count) bytes, at most \(MeshLimits.messageBytesMax)")
        }
        do {
            let fields = try CBORFields(decoding: bytes, of: "message")
            clock = try fields.instant("c")
            incarnation = try fields.unsigned("i")
            updates = []
            if fields.optional("u") != nil {
                for item in try fields.array("u", max: MeshLimits.updatesPerMessageMax) {
                    updates.append(try Self.update(item))
                }
            }
            body = try Self.body(fields)
        } catch { throw MeshError(error, in: "message") }
    }

    private static func update(_ item: CBOR) throws(CoreError) -> StatusUpdate {
        guard case .array(let parts) = item, parts.count == 3, case .bytes(let node) = parts[0],
            case .unsigned(let status) = parts[1], case .unsigned(let incarnation) = parts[2],
            let status = MemberStatus(rawValue: UInt8(clamping: status)), status != .unheard
        else { throw CoreError(.invalid, "a status update is a node, a status and an incarnation") }
        return StatusUpdate(node: try NodeID(node), status: status, incarnation: incarnation)
    }

    private static func body(_ fields: CBORFields) throws(CoreError) -> Body {
        switch Kind(rawValue: try fields.unsigned("k")) {
        case .news: return .news
        case .ping:
            let wish = fields.optional("w") == nil ? nil : LinkWish(rawValue: try fields.unsigned("w"))
            return .ping(sequence: try fields.unsigned("s"), wish: wish)
        case .pingRequest: return .pingRequest(sequence: try fields.unsigned("s"), target: try fields.key("t"))
        case .ack:
            let isLinked = fields.optional("l") == nil ? nil : try fields.bool("l")
            return .ack(sequence: try fields.unsigned("s"), about: try fields.key("t"), isLinked: isLinked)
        case .records:
            var records: [WireRecord] = []
            for item in try fields.array("r", max: itemsMax) { records.append(try WireRecord(item)) }
            return .records(records, alongTree: fields.optional("t") == .bool(true))
        case .summary: return .summary(try integers(fields, "b", max: RecordSummary.bucketCount))
        case .inventory:
            let flat = try integers(fields, "e", max: 2 * itemsMax)
            guard flat.count % 2 == 0 else { throw CoreError(.invalid, "an inventory is a list of pairs") }
            let entries = stride(from: 0, to: flat.count, by: 2).map {
                InventoryEntry(keyHash: flat[$0], version: flat[$0 + 1])
            }
            let buckets = try integers(fields, "b", max: RecordSummary.bucketCount)
            return .inventory(buckets: buckets, entries: entries)
        case .want: return .want(try integers(fields, "b", max: itemsMax))
        case .unlink: return .unlink
        case .prune: return .prune
        case .rollCall: return .rollCall
        case .alive: return .alive(try integers(fields, "b", max: itemsMax))
        case nil: throw CoreError(.invalid, "a message of a kind that this version does not know")
        }
    }

    private static func integers(_ fields: CBORFields, _ name: String, max: Int) throws(CoreError) -> [UInt64] {
        var values: [UInt64] = []
        for item in try fields.array(name, max: max) {
            guard case .unsigned(let value) = item else { throw CoreError(.invalid, "\"\(name)\" holds no integers") }
            values.append(value)
        }
        return values
    }
}

extension WireRecord {
    fileprivate var encoded: CBOR {
        .array([.unsigned(UInt64(key.kind.code)), .bytes(key.subject), .unsigned(version), .bytes(bytes)])
    }

    fileprivate init(_ item: CBOR) throws(CoreError) {
        guard case .array(let parts) = item, parts.count == 4, case .unsigned(let kind) = parts[0],
            case .bytes(let subject) = parts[1], case .unsigned(let version) = parts[2],
            case .bytes(let bytes) = parts[3], kind <= UInt64(UInt8.max), subject.count <= RecordKey.subjectBytesMax
        else { throw CoreError(.invalid, "a record in a message is a kind, a subject, a version and bytes") }
        key = RecordKey(kind: RecordKind(code: UInt8(kind)), subject: subject)
        self.version = version
        self.bytes = bytes
    }
}
