import Core

/// The answer to ``ExchangeRequest/have(_:)``: one flag for each CID, in the order asked.
public struct Availability: Hashable, Sendable {
    public var flags: [Bool]

    public init(_ flags: [Bool]) {
        self.flags = flags
    }

    public var encoded: [UInt8] {
        CBOR.array(flags.map(CBOR.bool)).encoded()
    }

    /// - Parameter count: how many CIDs were asked for; another number of flags is an error.
    /// - Throws: ``ExchangeError`` `.malformed`.
    public init(decoding bytes: [UInt8], count: Int) throws(ExchangeError) {
        let value: CBOR
        do { value = try CBOR(decoding: bytes) } catch {
            throw ExchangeError(.malformed, "an availability answer could not be read", cause: error)
        }
        guard case .array(let items) = value, items.count == count else {
            throw ExchangeError(.malformed, "an availability answer has not the \(count) flags that were asked for")
        }
        flags = []
        for item in items {
            guard case .bool(let flag) = item else {
                throw ExchangeError(.malformed, "an availability answer holds something else than flags")
            }
            flags.append(flag)
        }
    }
}
