extension Int {
    /// The sum of `numbers`, at most `Int.max`: sizes that others state add up to anything.
    package init(clampingSumOf numbers: some Sequence<UInt64>) {
        self.init(
            clamping: numbers.reduce(UInt64(0)) { sum, number in
                let (next, overflows) = sum.addingReportingOverflow(number)
                return overflows ? .max : next
            }
        )
    }
}
