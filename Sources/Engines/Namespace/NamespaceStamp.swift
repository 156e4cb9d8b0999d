import Core
import Owners

/// When something was written, in the logical time of a namespace: a total order over all writes of all devices.
///
/// A device counts on from the highest counter that it has seen of any device, so whoever saw a write comes after it.
/// Source: L. Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM 1978.
public struct NamespaceStamp: Hashable, Sendable, Comparable {
    public let counter: UInt64
    public let device: DeviceID

    /// Highest counter that is taken from anybody; far from where counting on would overflow.
    public static let counterMax: UInt64 = 1 << 62

    public init(counter: UInt64, device: DeviceID) {
        self.counter = counter
        self.device = device
    }

    public static func < (lhs: NamespaceStamp, rhs: NamespaceStamp) -> Bool {
        lhs.counter != rhs.counter ? lhs.counter < rhs.counter : lhs.device < rhs.device
    }
}
