import Core
import Namespace

/// What tells the content of a file from that of every other one and from its own later versions.
///
/// Of a stored object it is made of the keys, which no other content was ever sealed under.
enum ObjectIdentity {
    static func digest(of object: SealedObject) -> Digest {
        var parts: [CBOR] = [.text("holdfast/object-identity/1"), .bytes(object.key)]
        for rekeying in object.rekeyings { parts += [.unsigned(rekeying.firstRecord), .bytes(rekeying.key)] }
        return Digest(hashing: CBOR.array(parts).encoded())
    }

    static func digest(of bytes: [UInt8]) -> Digest { Digest(hashing: bytes) }
}
