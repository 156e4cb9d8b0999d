/// The right to have one digest in the crash journal, from `begin` to `end`.
public struct JournalSlot: Hashable, Sendable {
    /// Where the digest lies; `nil` when all slots were taken and nothing was journalled.
    let index: Int?
    /// Which use of the slot this is: a second `end` of an earlier use has no effect.
    let use: UInt64

    static let unjournalled = JournalSlot(index: nil, use: 0)
}
