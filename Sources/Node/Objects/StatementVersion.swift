import Core
import Objects
import PieceStore

/// The version of a statement: when its piece was made, then how often it was stated anew; the highest number withdraws.
struct StatementVersion: Hashable, Sendable {
    private static let renewalBits: UInt64 = 12
    private static let withdrawal: UInt64 = (1 << renewalBits) - 1

    let number: UInt64

    init(_ number: UInt64) {
        self.number = number
    }

    init(made: Instant, renewal: UInt64) {
        number = UInt64(clamping: made.milliseconds) << Self.renewalBits | min(renewal, Self.withdrawal)
    }

    /// When the piece was made; renewals do not change it.
    var made: Instant { Instant(milliseconds: Int64(clamping: number >> Self.renewalBits)) }

    var renewal: UInt64 { number & Self.withdrawal }

    var isWithdrawal: Bool { renewal == Self.withdrawal }
}

extension PieceStatement {
    package static func version(made: Instant, renewal: UInt64) -> UInt64 {
        StatementVersion(made: made, renewal: renewal).number
    }

    var made: Instant { StatementVersion(version).made }

    var renewal: UInt64 { StatementVersion(version).renewal }

    /// As the piece store keeps it.
    package var stored: StoredStatement {
        get throws {
            StoredStatement(
                piece: PieceKey(segment: try Digest(segment.bytes), index: index),
                node: node.bytes,
                version: version,
                until: until,
                bytes: bytes
            )
        }
    }
}

extension StoredStatement {
    /// When the piece was made, by a statement that was verified before it was stored.
    var made: Instant { StatementVersion(version).made }

    func isHolding(now: Instant) -> Bool { !StatementVersion(version).isWithdrawal && now < until }
}
