import Core

/// Chooses what a reader asks of which gateway: half of it is content that this gateway has not served before.
package struct RequestPicker: Sendable {
    /// One request to make.
    package struct Pick: Sendable, Equatable {
        package let gateway: Int
        package let item: Int
        /// Whether the gateway has not served the item before.
        package let isFresh: Bool
    }

    /// How long a gateway that failed is left alone.
    package static let asideTime = Duration.seconds(5)

    private var rng: SplitMix64
    /// For each gateway, items in random order of which the last is asked for next.
    private var unserved: [[Int32]]
    private var served: [[Int32]]
    private var isServed: [[Bool]]
    /// For each gateway, until when it is left alone; in time since the start.
    private var asideUntil: [Duration]

    /// - Parameters:
    ///   - items: how many different things can be asked for; at least 1.
    ///   - gateways: how many can be asked; at least 1.
    package init(items: Int, gateways: Int, seed: UInt64) {
        rng = SplitMix64(seed: seed)
        let all = (0..<Int32(items)).map { $0 }
        unserved = []
        for _ in 0..<gateways { unserved.append(all.shuffled(using: &rng)) }
        served = Array(repeating: [], count: gateways)
        isServed = Array(repeating: Array(repeating: false, count: items), count: gateways)
        asideUntil = Array(repeating: .zero, count: gateways)
    }

    /// - Parameter now: time since the start.
    package mutating func next(now: Duration) -> Pick {
        let gateway = gateway(excluding: [], now: now) ?? 0
        let wantsFresh = Bool.random(using: &rng)
        if wantsFresh || served[gateway].isEmpty, let item = nextUnserved(gateway) {
            return Pick(gateway: gateway, item: item, isFresh: true)
        }
        let item = served[gateway].randomElement(using: &rng) ?? 0
        return Pick(gateway: gateway, item: Int(item), isFresh: false)
    }

    /// Another gateway than those already asked; one that failed lately only when there is no other.
    ///
    /// - Returns: `nil` when all have been asked.
    package mutating func gateway(excluding asked: Set<Int>, now: Duration) -> Int? {
        let left = asideUntil.indices.filter { !asked.contains($0) }
        let healthy = left.filter { asideUntil[$0] <= now }
        return (healthy.isEmpty ? left : healthy).randomElement(using: &rng)
    }

    /// The gateway answered with the whole item.
    package mutating func succeeded(gateway: Int, item: Int) {
        asideUntil[gateway] = .zero
        guard !isServed[gateway][item] else { return }
        isServed[gateway][item] = true
        served[gateway].append(Int32(item))
    }

    /// The gateway refused the connection, broke it, or sent no first byte in time.
    package mutating func failed(gateway: Int, now: Duration) {
        asideUntil[gateway] = now + Self.asideTime
    }

    private mutating func nextUnserved(_ gateway: Int) -> Int? {
        while let item = unserved[gateway].popLast() {
            if !isServed[gateway][Int(item)] { return Int(item) }
        }
        return nil
    }
}
