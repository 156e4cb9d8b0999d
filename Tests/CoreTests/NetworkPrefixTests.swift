import Core
import Testing

@Suite struct NetworkPrefixTests {
    @Test(arguments: [
        ("8.8.4.4", "8.8.4.0/24"), ("203.0.113.77", "203.0.113.0/24"), ("100.63.0.1", "100.63.0.0/24"),
        ("172.32.0.1", "172.32.0.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("2a00::", "2a00:0:0::/48"),
        ("2001:DB8:A:B:C:D:E:F", "2001:db8:a::/48"), ("::ffff:8.8.4.4", "8.8.4.0/24"), ("::FFFF:808:404", "8.8.4.0/24"),
        ("64:ff9b::8.8.4.4", "8.8.4.0/24"), ("2001:db8::1%eth0", "2001:db8:0::/48"),
    ])
    func globalAddress_isParsed_givesItsPrefix(address: String, prefix: String) {
        #expect(NetworkPrefix(address: address)?.description == prefix)
    }

    @Test(arguments: [
        "127.0.0.1", "127.0.5.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
        "100.64.0.1",
        "100.127.255.255", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.8", "198.18.0.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::192.168.0.1",
    ])
    func localAddress_isParsed_countsAsUnobserved(address: String) {
        #expect(NetworkPrefix(address: address) == nil)
    }

    @Test(arguments: [
        "", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2.3.4:80", "+1.2.3.4", ":::",
        "1::2::3",
        "2001:db8", "2001:db8:1:2:3:4:5:6:7", "2001:db8::12345", "2001:db8::g", "2001:+db8::1",
        "2001:db8:1:2:3:4:5::1.2.3.4",
        "2001:db8:1.2.3.4::", "[2001:db8::1]", String(repeating: "2", count: 500), "%", "２001:db8::1",
    ])
    func textThatIsNoAddress_isParsed_givesNothing(text: String) {
        #expect(NetworkPrefix(address: text) == nil)
    }
}
