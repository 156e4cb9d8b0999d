import Core

extension ObjectCipher {
    /// Whether `plaintext` is what was sealed as this record with this tag: the last ``tagByteCount`` bytes of the record.
    ///
    /// - Parameter scratch: Has at least ``recordBytesMax`` bytes; what is written there is for nobody.
    /// - Throws: ``ObjectsError`` `.outOfRange` for a length or a number that no record has.
    public func isSealed(
        _ plaintext: UnsafeRawBufferPointer,
        record counter: UInt64,
        isLast: Bool,
        tag: some Collection<UInt8>,
        scratch: UnsafeMutableRawBufferPointer
    ) throws(ObjectsError) -> Bool {
        let count = plaintext.count + Self.tagByteCount
        guard count <= scratch.count else {
            throw ObjectsError(.outOfRange, "no record has a plaintext of \(plaintext.count) bytes")
        }
        let sealed = UnsafeMutableRawBufferPointer(rebasing: scratch[..<count])
        try seal(record: counter, isLast: isLast, plaintext, into: sealed)
        // No secret: the tag lies beside the plaintext.
        return tag.elementsEqual(sealed[plaintext.count...])
    }
}
