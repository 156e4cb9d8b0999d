/// Memory in which small leaves are gathered for one large write; grows to what is needed and is reused.
final class WriteBuffer {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var count = 0

    deinit {
        memory.deallocate()
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        grow(to: count + bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    private func grow(to needed: Int) {
        guard needed > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(needed, memory.isEmpty ? 64 << 10 : 1280 << 10),
            alignment: 64
        )
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
        memory.deallocate()
        memory = larger
    }

    /// Moves bytes towards the front.
    func move(_ range: Range<Int>, to position: Int) {
        guard range.lowerBound != position else { return }
        UnsafeMutableRawBufferPointer(rebasing: memory[position..<position + range.count])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[range]))
    }

    /// The first `count` bytes; valid until the next change.
    func bytes(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[..<count])
    }

    func removeAll() {
        count = 0
    }

    func free() {
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        count = 0
    }
}
