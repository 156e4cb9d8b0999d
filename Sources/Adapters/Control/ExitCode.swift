/// What a command's exit status means. Scripts rely on these numbers; they never change meaning.
public enum ExitCode: Int32, CaseIterable, Sendable, Codable {
    case success = 0
    case failed = 1
    case usage = 2
    case noNode = 3
    case badInput = 4
    case notFound = 5
    case unauthorized = 6
    case inUse = 7
    case full = 8
    case corrupt = 9
    case unreachable = 10
    case refused = 11
    case wouldLose = 12
    case interrupted = 130
    case terminated = 143

    /// One line for `holdfast help exit-codes` and the documents.
    public var meaning: String {
        switch self {
        case .success: "Done."
        case .failed: "Failed otherwise; doctor found a problem; the demo saw a failure."
        case .usage: "The command line or a setting is wrong; nothing was done."
        case .noNode: "No node runs with this data folder."
        case .badInput: "A file or folder given cannot be taken; nothing was stored."
        case .notFound: "The name, CID, file or folder does not exist."
        case .unauthorized: "The node refused the token of this data folder."
        case .inUse: "A port or the data folder is used by another process."
        case .full: "The disk or the space lent is full."
        case .corrupt: "Stored bytes do not match what names or signs them."
        case .unreachable: "Nobody who has it, or nobody of the mesh, answered in time."
        case .refused: "The mesh refused: invite expired, used or forged, operator not admitted."
        case .wouldLose: "The drill found something that would be lost."
        case .interrupted: "Interrupted (SIGINT); what was begun was cancelled."
        case .terminated: "Terminated (SIGTERM); what was begun was cancelled."
        }
    }
}
