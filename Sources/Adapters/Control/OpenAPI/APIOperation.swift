/// One route of the control API, as the document describes it.
struct APIOperation: Sendable {
    enum Method: String, Sendable { case get, post }

    /// How the answer comes.
    enum Answer: Sendable {
        case json(any (Decodable & Sendable).Type)
        /// NDJSON: lines with `progress`, then one with `result` or `error`.
        case lines(any (Decodable & Sendable).Type)
        /// Frames of an object's bytes (``ContentFrames``).
        case frames
        /// This document.
        case document
    }

    enum Body: Sendable {
        case none
        case json(any (Decodable & Sendable).Type)
        /// The bytes of an object, of unknown length.
        case bytes
    }

    struct Query: Sendable {
        let name: String
        let text: String
        var isRequired = false
        var isInteger = false
    }

    let method: Method
    let path: String
    let summary: String
    var query: [Query] = []
    var body = Body.none
    let answer: Answer

    /// Every route, in the order of the document.
    static let all: [APIOperation] = site + objects + keys + upkeep

    private static let site: [APIOperation] = [
        .init(method: .get, path: "/v1/status", summary: "The node and its mesh.", answer: .json(NodeStatus.self)),
        .init(method: .get, path: "/v1/names", summary: "Sites published here.", answer: .json([NameEntry].self)),
        .init(method: .get, path: "/v1/doctor", summary: "What is wrong, by cause.", answer: .json([Finding].self)),
        .init(
            method: .post,
            path: "/v1/invite",
            summary: "An invitation to the mesh.",
            body: .json(InviteRequest.self),
            answer: .json(InviteAnswer.self)
        ),
        .init(
            method: .post,
            path: "/v1/publish",
            summary: "Publishes a folder.",
            body: .json(PublishRequest.self),
            answer: .lines(PublishResult.self)
        ),
        .init(
            method: .post,
            path: "/v1/unpublish",
            summary: "Ends a site.",
            body: .json(UnpublishRequest.self),
            answer: .json(Done.self)
        ),
        .init(
            method: .post,
            path: "/v1/import",
            summary: "Takes the blocks of a CAR file.",
            body: .json(ImportRequest.self),
            answer: .lines(ImportAnswer.self)
        ),
        .init(
            method: .post,
            path: "/v1/export",
            summary: "Writes a DAG to a CAR file.",
            body: .json(ExportRequest.self),
            answer: .lines(ExportAnswer.self)
        ),
        .init(
            method: .post,
            path: "/v1/drill",
            summary: "Reads everything as if some nodes had vanished.",
            body: .json(DrillRequest.self),
            answer: .lines(DrillResult.self)
        ),
    ]

    private static let objects: [APIOperation] = [
        .init(
            method: .get,
            path: "/v1/objects",
            summary: "Names of private objects, a batch a line; an empty batch ends the list.",
            query: [.init(name: "prefix", text: "Names that begin with it.")],
            answer: .lines(ObjectEntries.self)
        ),
        .init(
            method: .get,
            path: "/v1/objects/stat",
            summary: "Where the pieces of an object are.",
            query: [.init(name: "name", text: "The object.", isRequired: true)],
            answer: .json(ObjectStatus.self)
        ),
        .init(
            method: .get,
            path: "/v1/content",
            summary: "The bytes of an object.",
            query: [.init(name: "name", text: "The object.", isRequired: true)],
            answer: .frames
        ),
        .init(
            method: .post,
            path: "/v1/put",
            summary: "Stores files and folders.",
            body: .json(PutRequest.self),
            answer: .lines(PutResult.self)
        ),
        .init(
            method: .post,
            path: "/v1/put-content",
            summary: "Stores the request's body.",
            query: [
                .init(name: "name", text: "What it is to be called.", isRequired: true),
                .init(name: "lease", text: "Days.", isInteger: true),
            ],
            body: .bytes,
            answer: .lines(PutResult.self)
        ),
        .init(
            method: .post,
            path: "/v1/get",
            summary: "Writes an object or a folder to a path.",
            body: .json(GetRequest.self),
            answer: .lines(GetResult.self)
        ),
        .init(
            method: .post,
            path: "/v1/remove",
            summary: "Removes objects.",
            body: .json(RemoveRequest.self),
            answer: .lines(RemoveResult.self)
        ),
    ]

    private static let keys: [APIOperation] = [
        .init(method: .get, path: "/v1/key/backup", summary: "The recovery phrase.", answer: .json(KeyBackup.self)),
        .init(method: .get, path: "/v1/key/devices", summary: "Devices.", answer: .json([DeviceEntry].self)),
        .init(
            method: .post,
            path: "/v1/key/recover",
            summary: "Restores an owner from its phrase.",
            body: .json(RecoverRequest.self),
            answer: .lines(KeyRecovered.self)
        ),
        .init(
            method: .post,
            path: "/v1/key/add-device",
            summary: "A string that makes another machine a device.",
            body: .json(AddDeviceRequest.self),
            answer: .json(DeviceInvite.self)
        ),
        .init(
            method: .post,
            path: "/v1/key/accept-device",
            summary: "Makes this machine a device.",
            body: .json(AcceptDeviceRequest.self),
            answer: .lines(KeyRecovered.self)
        ),
        .init(
            method: .post,
            path: "/v1/key/revoke-device",
            summary: "Ends a device's right to write.",
            body: .json(RevokeDeviceRequest.self),
            answer: .json(Done.self)
        ),
    ]

    private static let upkeep: [APIOperation] = [
        .init(
            method: .post,
            path: "/v1/fsck",
            summary: "Recounts and checks what is stored.",
            body: .json(FsckRequest.self),
            answer: .lines(FsckResult.self)
        ),
        .init(
            method: .post,
            path: "/v1/exit",
            summary: "Moves what is held elsewhere, then stops the node.",
            body: .json(Done.self),
            answer: .lines(ExitResult.self)
        ),
        .init(method: .get, path: "/v1/openapi.json", summary: "This document.", answer: .document),
    ]
}
