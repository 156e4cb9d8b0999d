/// Cuts a stream of bytes into its lines.
struct LineSplitter {
    let lineBytesMax: Int
    private var rest: [UInt8] = []

    init(lineBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
    }

    /// - Returns: the lines that `bytes` completed, without their ends.
    /// - Throws: ``ControlError`` when a line grows over the limit.
    mutating func append(_ bytes: some Sequence<UInt8>) throws(ControlError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(rest)
                rest = []
            } else {
                rest.append(byte)
            }
        }
        guard rest.count <= lineBytesMax else {
            throw ControlError(.failed, "the node sent a line of more than \(lineBytesMax) bytes")
        }
        return lines
    }
}
