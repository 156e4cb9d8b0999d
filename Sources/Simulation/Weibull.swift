import Core

extension SplitMix64 {
    /// An exponential time with this mean, from comparisons alone, so that a run replays bit for bit on any machine.
    ///
    /// Source: von Neumann, "Various techniques used in connection with random digits", 1951.
    mutating func exponential(_ mean: Duration) -> Duration {
        .milliseconds(Int64(exponential() * Double(mean.wholeMilliseconds)) + 1)
    }

    /// A time with a Weibull distribution of shape 1/2: its scale times the square of an exponential variate.
    ///
    /// Most sessions are short and some are very long: the median is 0.48 of the scale, the mean twice the scale. Session
    /// lengths of residential peers were measured as Weibull with shapes of 0.4 to 0.6: Stutzbach and Rejaie,
    /// "Understanding churn in peer-to-peer networks", IMC 2006; Steiner, En-Najjary and Biersack, "Long term study of
    /// peer behavior in the KAD DHT", IEEE/ACM Transactions on Networking 17(5), 2009.
    mutating func weibullHalf(scale: Duration) -> Duration {
        let variate = exponential()
        return .milliseconds(Int64(variate * variate * Double(scale.wholeMilliseconds)) + 1)
    }

    private mutating func exponential() -> Double {
        var whole = 0.0
        while true {
            let first = Double.random(in: 0..<1, using: &self)
            var (last, count) = (first, 1)
            while true {
                let next = Double.random(in: 0..<1, using: &self)
                guard next < last else { break }
                (last, count) = (next, count + 1)
            }
            if count % 2 == 1 { return whole + first }
            whole += 1
        }
    }
}
