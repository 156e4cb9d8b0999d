import Content
import Core

/// The form in which content is asked for.
package enum ResponseFormat: Equatable, Sendable {
    /// As a web server would answer: files, listings, pages.
    case deserialized
    /// One block's bytes.
    case raw
    /// Blocks with which a client can verify the answer.
    case car(CARRequest)
    /// The signed record behind a name.
    case ipnsRecord
    /// A block of this codec as it is; nothing is converted (IPIP-524).
    case block(CID.Codec, mediaType: String)
    /// A known format that is not offered.
    case notOffered(String)
}

/// The parameters of a CAR response.
///
/// Blocks are always sent once each (`dups=n`): a client that allows duplicates takes that, too.
package struct CARRequest: Hashable, Sendable {
    /// How much below the path's end is sent.
    package var scope = TrustlessSelection.Scope.all
    /// What part of a file is sent.
    package var entityBytes: TrustlessSelection.EntityBytes?

    package init() {}
}

/// A format and how it was chosen.
package struct NegotiatedFormat: Equatable, Sendable {
    package var format: ResponseFormat
    /// The value for `?format=` when `Accept` alone chose it: `Content-Location` names the answer with it.
    package var chosenByAccept: String?

    /// `?format=` wins over `Accept` (IPIP-523), and CAR parameters in the query over those of the media type.
    ///
    /// - Throws: ``HTTPRefusal`` 400 for an unknown `?format=` or a CAR parameter that is not understood.
    package init(_ target: RequestTarget, accept: String?) throws(HTTPRefusal) {
        if let name = target.parameter("format") {
            guard let format = try Self.format(named: name, target, media: nil) else {
                throw HTTPRefusal(
                    .badRequest,
                    "The format \"\(name.prefix(40))\" is not known; use raw, car or ipns-record."
                )
            }
            self.format = format
            return
        }
        let media = accept.flatMap(AcceptedMedia.preferred)
        guard let media, let name = media.formatName,
            let format = try Self.format(named: name, target, media: media)
        else {
            format = .deserialized
            return
        }
        self.format = format
        chosenByAccept = name
    }

    private static func format(
        named name: String,
        _ target: RequestTarget,
        media: AcceptedMedia?
    ) throws(HTTPRefusal) -> ResponseFormat? {
        switch name {
        case "raw": .raw
        case "car": .car(try CARRequest(target, media: media))
        case "ipns-record": .ipnsRecord
        case "dag-cbor": .block(.dagCBOR, mediaType: "application/vnd.ipld.dag-cbor")
        case "cbor": .block(CID.Codec(code: 0x51), mediaType: "application/cbor")
        case "dag-json": .block(CID.Codec(code: 0x0129), mediaType: "application/vnd.ipld.dag-json")
        case "json": .block(CID.Codec(code: 0x0200), mediaType: "application/json")
        case "tar": .notOffered("tar")
        default: nil
        }
    }
}

extension CARRequest {
    fileprivate init(_ target: RequestTarget, media: AcceptedMedia?) throws(HTTPRefusal) {
        func parameter(_ query: String, _ mediaName: String) -> String? {
            target.parameter(query) ?? media?.parameters[mediaName]
        }
        if let version = parameter("car-version", "version"), version != "1" {
            throw HTTPRefusal(.badRequest, "Only CAR version 1 is sent, not version \"\(version.prefix(20))\".")
        }
        if let order = parameter("car-order", "order"), order != "dfs", order != "unk" {
            throw HTTPRefusal(.badRequest, "Blocks are sent in the order dfs, not \"\(order.prefix(20))\".")
        }
        if let duplicates = parameter("car-dups", "dups"), duplicates != "y", duplicates != "n" {
            throw HTTPRefusal(.badRequest, "car-dups is y or n, not \"\(duplicates.prefix(20))\".")
        }
        if let text = target.parameter("dag-scope") {
            guard let scope = TrustlessSelection.Scope(rawValue: text) else {
                throw HTTPRefusal(.badRequest, "dag-scope is block, entity or all, not \"\(text.prefix(20))\".")
            }
            self.scope = scope
        }
        if let text = target.parameter("entity-bytes") {
            entityBytes = try .init(field: text)
            if target.parameter("dag-scope") == nil { scope = .entity }
        }
    }
}

extension TrustlessSelection.EntityBytes {
    /// - Throws: ``HTTPRefusal`` 400 unless `text` is `from:to` with integers, or `*` for `to`.
    package init(field text: String) throws(HTTPRefusal) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isEnd = parts.count == 2 && parts[1] == "*"
        guard parts.count == 2, let from = Int64(parts[0]), isEnd || Int64(parts[1]) != nil else {
            throw HTTPRefusal(.badRequest, "entity-bytes is FROM:TO with whole numbers, or FROM:*.")
        }
        let to = isEnd ? nil : Int64(parts[1])
        if let to, from >= 0, to >= 0, to < from {
            throw HTTPRefusal(.badRequest, "entity-bytes ends at \(to), in front of its start \(from).")
        }
        self.init(from: from, to: to)
    }
}

/// One media range of an `Accept` field.
package struct AcceptedMedia: Equatable, Sendable {
    /// Most media ranges that are looked at.
    package static let rangesMax = 32

    package var type: String
    package var parameters: [String: String]
    /// The weight in thousandths.
    package var quality: Int

    /// The value of `?format=` that asks for the same.
    package var formatName: String? {
        switch type {
        case "application/vnd.ipld.raw": "raw"
        case "application/vnd.ipld.car": "car"
        case "application/vnd.ipfs.ipns-record": "ipns-record"
        case "application/vnd.ipld.dag-cbor": "dag-cbor"
        case "application/vnd.ipld.dag-json": "dag-json"
        case "application/x-tar": "tar"
        default: nil
        }
    }

    /// The media range with the highest weight; among equals the first that names a format of its own, else the first.
    package static func preferred(_ field: String) -> AcceptedMedia? {
        let ranges = field.split(separator: ",").prefix(rangesMax).map(AcceptedMedia.init).filter { $0.quality > 0 }
        let best = ranges.map(\.quality).max()
        let candidates = ranges.filter { $0.quality == best }
        return candidates.first { $0.formatName != nil } ?? candidates.first
    }

    private init(_ text: Substring) {
        let parts = text.split(separator: ";").map { part in
            String(part.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
        type = parts.first?.lowercased() ?? ""
        parameters = [:]
        quality = 1_000
        for part in parts.dropFirst() {
            let halves = part.split(separator: "=", maxSplits: 1)
            guard halves.count == 2 else { continue }
            let value = halves[1].filter { $0 != "\"" }
            if halves[0].lowercased() == "q" {
                quality = Double(value).map { $0.isFinite ? Int(max(0, min(1, $0)) * 1_000) : 0 } ?? 0
            } else {
                parameters[halves[0].lowercased()] = value
            }
        }
    }
}
