import Core

/// The header of a CARv1 stream: the roots that the reader asked for.
///
/// Source: ipld CARv1; roots are never empty.
public struct CARHeader: Hashable, Sendable {
    /// Longest header without its length, in bytes.
    public static let bytesMax = 64 * 1024

    public let roots: [CID]

    public init(root: CID) {
        roots = [root]
    }

    /// - Parameter roots: At least one.
    public init(roots: [CID]) {
        precondition(!roots.isEmpty, "a CAR without roots")
        self.roots = roots
    }

    /// Decodes the DAG-CBOR without its length.
    ///
    /// - Throws: ``ContentError`` `.malformed`, or `.unsupported` for another version than 1.
    init(decoding bytes: ArraySlice<UInt8>) throws(ContentError) {
        let value: CBOR
        do {
            value = try CBOR(decoding: bytes)
        } catch {
            throw ContentError(.malformed, "a CAR header is no DAG-CBOR: \(error.message)")
        }
        guard case .map(let fields) = value, case .unsigned(let version) = fields["version"] else {
            throw ContentError(.malformed, "a CAR header has no version")
        }
        guard version == 1 else {
            throw ContentError(.unsupported, "a CAR of version \(version), only 1 is read")
        }
        guard fields.count == 2, case .array(let items) = fields["roots"], !items.isEmpty else {
            throw ContentError(.malformed, "a CAR header has no roots, or other fields than roots and version")
        }
        var roots: [CID] = []
        for item in items {
            guard case .link(let cid) = item else { throw ContentError(.malformed, "a CAR root is not a link") }
            roots.append(cid)
        }
        self.roots = roots
    }

    /// The header with its length in front: the first bytes of a stream.
    public var encoded: [UInt8] {
        let content = CBOR.map(["roots": .array(roots.map(CBOR.link)), "version": .unsigned(1)]).encoded()
        var bytes: [UInt8] = []
        Varint.append(UInt64(content.count), to: &bytes)
        return bytes + content
    }
}

/// Writes the sections of a CARv1 stream.
///
/// A stream is a ``CARHeader`` and then, for each block, ``sectionHead(_:dataCount:)`` and the block's bytes.
public enum CARWriter {
    /// The bytes that precede a block of `dataCount` bytes: length of the section and CID.
    public static func sectionHead(_ cid: CID, dataCount: Int) -> [UInt8] {
        precondition((0...Block.bytesMax).contains(dataCount), "a section of \(dataCount) bytes is no block")
        let name = cid.bytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(name.count + 4)
        Varint.append(UInt64(name.count + dataCount), to: &bytes)
        return bytes + name
    }
}
