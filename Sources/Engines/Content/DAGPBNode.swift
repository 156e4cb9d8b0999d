import Core

/// A link of a DAG-PB node.
public struct DAGPBLink: Hashable, Sendable {
    public let cid: CID
    /// Empty when absent.
    public let name: String
    /// What the linked DAG weighs in encoded bytes, as the writer claims; 0 when absent. Never checked, a hint only.
    public let tsize: UInt64

    public init(cid: CID, name: String, tsize: UInt64) {
        self.cid = cid
        self.name = name
        self.tsize = tsize
    }
}

/// A DAG-PB node: links and opaque data.
///
/// Source: IPLD DAG-PB. Written is the one canonical form (links, then data; name and tsize always present); links keep
/// their order.
public struct DAGPBNode: Hashable, Sendable {
    public var links: [DAGPBLink]
    public var data: [UInt8]?

    public init(links: [DAGPBLink], data: [UInt8]?) {
        self.links = links
        self.data = data
    }

    /// Decodes a block; links before or after the data, everything else strict.
    ///
    /// - Throws: ``ContentError`` `.malformed`, or `.tooLarge` over ``Block/bytesMax``.
    public init(decoding bytes: [UInt8]) throws(ContentError) {
        guard bytes.count <= Block.bytesMax else {
            throw ContentError(.tooLarge, "a DAG-PB block of \(bytes.count) bytes, at most \(Block.bytesMax)")
        }
        var reader = ProtobufReader(bytes[...], message: "a DAG-PB node")
        var links: [DAGPBLink] = []
        var data: [UInt8]?
        var linksEnded = false
        while let (number, value) = try reader.next() {
            guard case .bytes(let content) = value else { throw reader.wrongType(number) }
            switch number {
            case 1:
                guard data == nil else { throw reader.malformed("has its data twice") }
                data = Array(content)
                linksEnded = !links.isEmpty
            case 2:
                guard !linksEnded else { throw reader.malformed("has links on both sides of its data") }
                links.append(try DAGPBLink(decoding: content))
            default: throw reader.malformed("has the unknown field \(number)")
            }
        }
        self.links = links
        self.data = data
    }

    /// The block's bytes.
    public var encoded: [UInt8] {
        var writer = ProtobufWriter(byteCount: encodedByteCount)
        for link in links {
            writer.beginBytes(2, count: link.encodedByteCount)
            link.write(to: &writer)
        }
        if let data { writer.bytes(1, data) }
        return writer.bytes
    }

    /// What ``encoded`` counts, in bytes, without making it.
    public var encodedByteCount: Int {
        links.reduce(data.map { ProtobufWriter.byteCount(ofBytes: $0.count) } ?? 0) {
            $0 + ProtobufWriter.byteCount(ofBytes: $1.encodedByteCount)
        }
    }
}

extension DAGPBLink {
    init(decoding bytes: ArraySlice<UInt8>) throws(ContentError) {
        var reader = ProtobufReader(bytes, message: "a DAG-PB link")
        var cid: CID?
        var name = ""
        var tsize: UInt64 = 0
        var last: UInt64 = 0
        while let (number, value) = try reader.next() {
            guard number > last else { throw reader.malformed("has field \(number) after field \(last)") }
            last = number
            switch (number, value) {
            case (1, .bytes(let content)): cid = try Self.cid(content)
            case (2, .bytes(let content)):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw reader.malformed("has a name that is not UTF-8")
                }
                name = text
            case (3, .varint(let size)): tsize = size
            case (1...3, _): throw reader.wrongType(number)
            default: throw reader.malformed("has the unknown field \(number)")
            }
        }
        guard let cid else { throw reader.malformed("has no hash") }
        self.init(cid: cid, name: name, tsize: tsize)
    }

    private static func cid(_ bytes: ArraySlice<UInt8>) throws(ContentError) -> CID {
        do {
            return try CID(bytes: bytes)
        } catch {
            throw ContentError(.malformed, "a DAG-PB link has no readable CID: \(error.message)")
        }
    }

    fileprivate func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, cid.bytes)
        writer.bytes(2, name.utf8)
        writer.varint(3, tsize)
    }

    var encodedByteCount: Int {
        ProtobufWriter.byteCount(ofBytes: cid.byteCount) + ProtobufWriter.byteCount(ofBytes: name.utf8.count)
            + ProtobufWriter.byteCount(ofVarint: tsize)
    }
}
