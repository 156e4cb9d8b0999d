import Testing
import Transport

struct PeerAddressTests {
    @Test(arguments: [
        ("127.0.0.1:0", "127.0.0.1", 0), ("192.0.2.7:4100", "192.0.2.7", 4100),
        ("[2001:db8::7]:65535", "2001:db8::7", 65535), ("[::1]:80", "::1", 80),
    ])
    func address_wellFormed_printsAsItWasWritten(text: String, host: String, port: Int) throws {
        let address = try PeerAddress(text)
        #expect(address.description == text)
        #expect(address.host == host)
        #expect(address.port == port)
    }

    @Test(arguments: [
        "", ":", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x", "localhost:80",
        "256.0.0.1:80", "::1:80", "[::1:80", "[127.0.0.1]:80", "[::1]80", "1.2.3.4:5:6", "/tmp/socket:1",
        String(repeating: "1", count: 65) + ":1",
    ])
    func address_malformed_isRefused(text: String) {
        let error = #expect(throws: TransportError.self) { try PeerAddress(text) }
        #expect(error?.code == .invalidAddress)
    }
}
