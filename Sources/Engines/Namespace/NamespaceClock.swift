import Owners

/// The logical clock of one device: makes the stamps of its writes.
public struct NamespaceClock: Hashable, Sendable {
    public let device: DeviceID
    /// Highest counter of this device's own writes.
    public private(set) var own: UInt64 = 0
    /// Highest counter seen of any other device.
    public private(set) var others: UInt64 = 0

    public init(device: DeviceID) {
        self.device = device
    }

    /// Highest counter seen of anybody, for ``NamespaceContents/highestCounter``.
    public var highest: UInt64 { max(own, others) }

    /// Learns of a write.
    public mutating func see(_ stamp: NamespaceStamp) {
        if stamp.device == device { own = max(own, stamp.counter) } else { others = max(others, stamp.counter) }
    }

    /// Learns from a root of `device` up to where that device has counted.
    ///
    /// Only this device's own roots move its clock: what another device has seen has not been seen here.
    public mutating func see(own highestCounter: UInt64) {
        own = max(own, min(highestCounter, NamespaceStamp.counterMax))
    }

    /// The stamp and the base of the next write.
    public mutating func next() -> (stamp: NamespaceStamp, base: UInt64) {
        own = highest + 1
        return (NamespaceStamp(counter: own, device: device), others)
    }
}
