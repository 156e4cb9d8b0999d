import Glibc
import NIOCore

/// A rendered answer that an event loop keeps for the next request of the same kind.
final class CachedResponse {
    /// Hosts, target and form of the request, as ``ResponseCache`` compares them.
    let key: [UInt8]
    let status: HTTPStatus
    /// Head and, for a small answer, body in one piece.
    private(set) var buffer: ByteBuffer
    /// Bytes of the head at the buffer's front.
    let headLength: Int
    /// The body of a large answer, behind the head; empty when the buffer holds all.
    let extents: [FileExtent]
    /// Bytes of the body.
    let bodyLength: Int
    /// The last tick of the event loop in which the answer may be used.
    let lastTick: UInt32
    private let dateOffset: Int
    private var dateSecond: Int
    /// Used since the cache's hand passed it.
    var isReferenced = false

    init(
        key: [UInt8],
        status: HTTPStatus,
        buffer: ByteBuffer,
        headLength: Int,
        extents: [FileExtent],
        bodyLength: Int,
        lastTick: UInt32,
        second: Int
    ) {
        self.key = key
        self.status = status
        self.buffer = buffer
        self.headLength = headLength
        self.extents = extents
        self.bodyLength = bodyLength
        self.lastTick = lastTick
        dateOffset = ResponseHeadRenderer.dateOffset(status)
        dateSecond = second
    }

    /// The answer with this second's date.
    @inline(__always)
    func buffer(at clock: borrowing DateClock) -> ByteBuffer {
        if dateSecond != clock.second {
            buffer.setBytes(clock.text, at: buffer.readerIndex + dateOffset)
            dateSecond = clock.second
        }
        return buffer
    }

    /// What it counts against the cache's budget, in bytes.
    var cost: Int { buffer.readableBytes + key.count + 256 + extents.count * 64 }
}

/// The current second and its text; read once per batch of requests.
struct DateClock: ~Copyable {
    private(set) var second = 0
    private(set) var text = HTTPDate.format(0)

    mutating func update() {
        let now = HTTPDate.currentSecond()
        guard now != second else { return }
        second = now
        text = HTTPDate.format(now)
    }
}

/// Complete answers to plain requests, kept in memory within a budget; belongs to one event loop.
///
/// Eviction is second chance (CLOCK): a new answer is evicted first unless it was asked for again.
struct ResponseCache {
    /// Largest part of the budget that one answer may take.
    static let answerShareMax = 8
    /// Most answers, so that tiny ones and open files stay bounded, too.
    static let answersMax = 16_384
    /// Most answers that are files to be sent from disk, each of which may hold a file open.
    static let extentAnswersMax = 256

    private let bytesMax: Int
    private let seed: UInt64
    private var answers: [UInt64: CachedResponse] = [:]
    private var hand: [UInt64] = []
    private var handStart = 0
    private var bytes = 0
    private var extentAnswers = 0

    /// - Parameters:
    ///   - bytesMax: The budget.
    ///   - seed: Unpredictable, so that nobody can choose targets that collide.
    init(bytesMax: Int, seed: UInt64) {
        self.bytesMax = bytesMax
        self.seed = seed
    }

    /// The hash of a request; see ``key(form:host:target:)`` for the parts.
    @inline(__always)
    func hash(form: UInt8, host: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer) -> UInt64 {
        var state = seed ^ UInt64(form) &* 0x9E37_79B9_7F4A_7C15
        Self.mix(host, into: &state)
        Self.mix(target, into: &state)
        return state
    }

    /// The bytes by which requests are told apart.
    static func key(form: UInt8, host: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer) -> [UInt8] {
        [form, UInt8(truncatingIfNeeded: host.count)] + Array(host) + Array(target)
    }

    /// The stored answer, if it is the one for exactly this request, has not expired, and its file is still the same.
    @inline(__always)
    mutating func answer(
        _ hash: UInt64,
        form: UInt8,
        host: UnsafeRawBufferPointer,
        target: UnsafeRawBufferPointer,
        tick: UInt32
    ) -> CachedResponse? {
        guard let found = answers[hash] else { return nil }
        let fits = found.key.withUnsafeBytes { key in
            key.count == 2 + host.count + target.count && key[0] == form
                && key[1] == UInt8(truncatingIfNeeded: host.count)
                && Self.equal(key, at: 2, host) && Self.equal(key, at: 2 + host.count, target)
        }
        guard fits else { return nil }
        guard found.lastTick >= tick, found.extents.allSatisfy({ $0.file.isUnchanged() }) else {
            remove(hash)
            return nil
        }
        found.isReferenced = true
        return found
    }

    mutating func insert(_ answer: CachedResponse, hash: UInt64) {
        guard answer.cost <= bytesMax / Self.answerShareMax else { return }
        guard answer.extents.isEmpty || extentAnswers < Self.extentAnswersMax || evictExtents() else { return }
        remove(hash)
        answers[hash] = answer
        hand.append(hash)
        bytes += answer.cost
        extentAnswers += answer.extents.isEmpty ? 0 : 1
        while bytes > bytesMax || answers.count > Self.answersMax, handStart < hand.count { advance() }
        compactHand()
    }

    mutating func remove(_ hash: UInt64) {
        guard let answer = answers.removeValue(forKey: hash) else { return }
        bytes -= answer.cost
        extentAnswers -= answer.extents.isEmpty ? 0 : 1
    }

    mutating func removeAll() {
        answers = [:]
        hand = []
        handStart = 0
        bytes = 0
        extentAnswers = 0
    }

    /// One step of the clock's hand: the oldest answer goes, or has its second chance.
    private mutating func advance() {
        let hash = hand[handStart]
        handStart += 1
        guard let answer = answers[hash] else { return }
        if answer.isReferenced {
            answer.isReferenced = false
            hand.append(hash)
        } else {
            remove(hash)
        }
    }

    /// Makes room among the answers that hold files open: the oldest of them goes.
    private mutating func evictExtents() -> Bool {
        guard let oldest = hand[handStart...].first(where: { answers[$0]?.extents.isEmpty == false }) else {
            return false
        }
        remove(oldest)
        return true
    }

    /// Drops what the hand has passed, and what was replaced since, before the list outgrows the answers.
    private mutating func compactHand() {
        guard handStart > 1_024 || hand.count > 4 * Self.answersMax else { return }
        hand.removeFirst(handStart)
        handStart = 0
        guard hand.count > 2 * Self.answersMax else { return }
        var seen = Set<UInt64>()
        hand = hand.filter { answers[$0] != nil && seen.insert($0).inserted }
    }

    private static func equal(_ key: UnsafeRawBufferPointer, at offset: Int, _ part: UnsafeRawBufferPointer) -> Bool {
        guard !part.isEmpty, let keyBase = key.baseAddress, let partBase = part.baseAddress else { return part.isEmpty }
        return memcmp(keyBase + offset, partBase, part.count) == 0
    }

    /// Folds `bytes` into `state` eight at a time by a 128-bit multiplication (as wyhash does).
    @inline(__always)
    private static func mix(_ bytes: UnsafeRawBufferPointer, into state: inout UInt64) {
        var index = 0
        while index + 8 <= bytes.count {
            fold(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self), into: &state)
            index += 8
        }
        var rest: UInt64 = UInt64(bytes.count) << 56
        while index < bytes.count {
            rest = rest << 8 ^ UInt64(bytes[index])
            index += 1
        }
        fold(rest, into: &state)
    }

    @inline(__always)
    private static func fold(_ word: UInt64, into state: inout UInt64) {
        let product = (state ^ word ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
        state = product.high ^ product.low
    }
}
