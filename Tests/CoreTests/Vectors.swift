/// Encodings that others published. Each list names its source.
enum Vectors {
    /// RFC 8032 section 7.1, TEST 1, 2, 3 and SHA(abc).
    static let ed25519: [Ed25519Vector] = [
        Ed25519Vector(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
                + "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        Ed25519Vector(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0"
                + "85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        Ed25519Vector(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac1"
                + "8ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
        Ed25519Vector(
            seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            message: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            signature: "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909"
                + "351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ]

    /// RFC 4648 section 10, in lower case and without padding.
    static let base32 = [
        ("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("fooba", "mzxw6ytb"),
        ("foobar", "mzxw6ytboi"),
    ]

    /// The multibase specification's tests `basic`, `leading_zero` and `two_leading_zeros`.
    static let multibase = [
        ("yes mani !", "bpfsxgidnmfxgsibb"), ("yes mani !", "k2lcpzo5yikidynfl"), ("yes mani !", "z7paNL19xttacUY"),
        ("yes mani !", "f796573206d616e692021"), ("\0yes mani !", "bab4wk4zanvqw42jaee"),
        ("\0yes mani !", "k02lcpzo5yikidynfl"), ("\0yes mani !", "z17paNL19xttacUY"),
        ("\0yes mani !", "f00796573206d616e692021"), ("\0\0yes mani !", "baaahszltebwwc3tjeaqq"),
        ("\0\0yes mani !", "k002lcpzo5yikidynfl"), ("\0\0yes mani !", "z117paNL19xttacUY"),
        ("\0\0yes mani !", "f0000796573206d616e692021"),
    ]

    /// draft-msporny-base58, section 5.
    static let base58 = [
        ("48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U"),
        (
            "54686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f672e",
            "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"
        ),
        ("0000287fb4cd", "11233QC4"),
    ]

    /// Ed25519 names that IPFS users published: discuss.ipfs.tech threads 16175 and 11707.
    static let names = [
        NameVector(
            base36: "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8",
            base32: "bafzaajaiaejcbzdibmxyzdjbbehgvizh6g5tikvy47mshdy6gwbruvgwvd24seje",
            multihash: "12D3KooWRBy97UB99e3J6hiPesre1MZeuNQvfan4gBziswrRJsNK"
        ),
        NameVector(
            base36: "k51qzi5uqu5dl8wlbw09j1cpr1i456yb3mv0r5wnpx3wz6qq8pnppkvgqdepc8",
            base32: "bafzaajaiaejcbszrcftl53w5t63k6tgiyk7uvrdr3to6pjy76azeib2h4ccm6dgi",
            multihash: "12D3KooWPVYKwhPsyD1kpaaVNvJoqd4tdZR4VgxVmo9NSzWVQjCj"
        ),
    ]
}

/// Everything in hexadecimal.
struct Ed25519Vector: Sendable {
    let seed: String
    let publicKey: String
    let message: String
    let signature: String
}

/// One key's name in the three texts it is seen in.
struct NameVector: Sendable {
    let base36: String
    let base32: String
    /// The bare base58btc multihash, which libp2p prints.
    let multihash: String
}
