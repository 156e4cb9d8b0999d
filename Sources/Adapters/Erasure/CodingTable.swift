import CISAL

/// Rows of coefficients in the form that ISA-L's loops read: 32 bytes for each.
struct CodingTable: Sendable {
    /// Bytes per coefficient.
    static let coefficientLength = 32

    private let bytes: [UInt8]
    private let width: Int
    private let height: Int

    /// - Parameters:
    ///   - rows: One coefficient per input, for one output after another.
    ///   - width: The number of inputs.
    init(rows: [UInt8], width: Int) {
        self.width = width
        height = rows.count / width
        var coefficients = rows
        var tables = [UInt8](repeating: 0, count: rows.count * Self.coefficientLength)
        if !rows.isEmpty { ec_init_tables(Int32(width), Int32(height), &coefficients, &tables) }
        bytes = tables
    }

    /// Fills `outputs`; the counts and lengths are checked by ``ErasureCoder``.
    func apply(to inputs: [UnsafeRawBufferPointer], into outputs: [UnsafeMutableRawBufferPointer], length: Int) {
        guard height > 0 else { return }
        precondition(inputs.count == width && outputs.count == height, "a table for other pieces")
        withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<UInt8>?.self, capacity: width + height) { pointers in
            // The C signature lacks `const`: neither the table nor the inputs are written.
            for (index, input) in inputs.enumerated() {
                pointers[index] = UnsafeMutableRawPointer(mutating: input.baseAddress)?
                    .assumingMemoryBound(to: UInt8.self)
            }
            for (index, output) in outputs.enumerated() {
                pointers[width + index] = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            }
            guard let sources = pointers.baseAddress else { return }
            bytes.withUnsafeBufferPointer { table in
                ec_encode_data(
                    Int32(length),
                    Int32(width),
                    Int32(height),
                    UnsafeMutablePointer(mutating: table.baseAddress),
                    sources,
                    sources + width
                )
            }
        }
    }
}
