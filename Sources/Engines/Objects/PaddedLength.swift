/// Padmé: hides how long something is, at a cost of at most 12 %.
///
/// Only O(log log) bits of a length remain visible. Source: Nikitin et al., "Reducing Metadata Leakage from Encrypted
/// Files and Communication with PURBs", PETS 2019.
public enum PaddedLength {
    /// Shortest padded length, in bytes.
    public static let byteCountMin = 16 * 1024

    /// The padded length of `byteCount` bytes; that of a padded length is itself.
    public static func of(_ byteCount: Int) -> Int {
        guard byteCount > byteCountMin else { return byteCountMin }
        let exponent = Int.bitWidth - 1 - byteCount.leadingZeroBitCount
        let kept = Int.bitWidth - exponent.leadingZeroBitCount
        let mask = (1 << (exponent - kept)) - 1
        let (sum, overflow) = byteCount.addingReportingOverflow(mask)
        return overflow ? byteCount : sum & ~mask
    }
}
