/* The pieces of [MS-NLMP] 4.2 that need nothing but this folder: keys, responses, checksums. */
#include "test.h"

#include "crypto/des.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/rc4.h"

static uint8_t expected[64];

#define assert_hex(actual, hex) assert_mem_eq(actual, expected, test_hex(hex, expected, sizeof expected))

static const uint8_t server_challenge[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};
static const uint8_t password_utf16[16] = {'P', 0, 'a', 0, 's', 0, 's', 0, 'w', 0, 'o', 0, 'r', 0, 'd', 0};
static const uint8_t user_and_domain[20] = {'U', 0, 'S', 0, 'E', 0, 'R', 0, 'D', 0,
                                            'o', 0, 'm', 0, 'a', 0, 'i', 0, 'n', 0};

static void ntowf_v1(uint8_t hash[16])
{
    struct bytes password = bytes_of(password_utf16, sizeof password_utf16);

    cr_assert(md4_digest(&password, 1, hash));
}

static void ntowf_v2(uint8_t hash[16])
{
    struct bytes name = bytes_of(user_and_domain, sizeof user_and_domain);
    uint8_t nt_hash[16];

    ntowf_v1(nt_hash);
    cr_assert(hmac_md5(bytes_of(nt_hash, 16), &name, 1, hash));
}

Test(ntlm_pieces, ntlm_v1)
{
    uint8_t hash[16] = {0}, out[24];
    struct bytes view = bytes_of(hash, sizeof hash);

    ntowf_v1(hash);
    assert_hex(hash, "a4f49c406510bdcab6824ee7c30fd852");
    cr_assert(desl_encrypt(hash, server_challenge, out));
    assert_hex(out, "67c43011f30298a2ad35ece64f16331c44bdbed927841f94");
    cr_assert(md4_digest(&view, 1, out));
    assert_hex(out, "d87262b0cde4b1cb7499becccdf10784");
    test_hex("e52cac67419a9a224a3b108f3fa6cb6d", hash, sizeof hash);
    cr_assert(desl_encrypt(hash, server_challenge, out));
    assert_hex(out, "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13");
}

Test(ntlm_pieces, ntlm_v1_seals_with_crc32)
{
    static const uint8_t plain[18] = {'P', 0, 'l', 0, 'a', 0, 'i', 0, 'n', 0, 't', 0, 'e', 0, 'x', 0, 't', 0};
    struct bytes view = bytes_of(plain, sizeof plain);
    uint8_t key[16], sealed[18];

    memset(key, 0x55, sizeof key);
    cr_assert(rc4_once(bytes_of(key, sizeof key), plain, sealed, sizeof sealed));
    assert_hex(sealed, "56fe04d861f9319af0d7238a2e3b4d457fb8");
    /* Written little-endian on the wire: 7d 84 aa 93. */
    cr_assert_eq(crc32_digest(&view, 1), 0x93AA847Du);
}

Test(ntlm_pieces, ntlm_v2)
{
    uint8_t key[16], temp[80], proof[16] = {0}, session[16], random_key[16], out[16];
    size_t temp_size = test_hex("0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000"
                                "02000c00 44006f006d00610069006e00 01000c00 530065007200760065007200 00000000 00000000",
                                temp, sizeof temp);
    struct bytes parts[2] = {{server_challenge, 8}, {temp, temp_size}}, view = bytes_of(proof, 16);

    ntowf_v2(key);
    assert_hex(key, "0c868a403bfd7a93a3001ef22ef02e3f");
    cr_assert(hmac_md5(bytes_of(key, 16), parts, 2, proof));
    assert_hex(proof, "68cd0ab851e51c96aabc927bebef6a1c");
    cr_assert(hmac_md5(bytes_of(key, 16), &view, 1, session));
    assert_hex(session, "8de40ccadbc14a82f15cb0ad0de95ca3");
    memset(random_key, 0x55, sizeof random_key);
    cr_assert(rc4_once(bytes_of(session, 16), random_key, out, 16));
    assert_hex(out, "c5dad2544fc9799094ce1ce90bc9d03e");
}

/* [MS-NLMP] 4.2.4.4: keys of the client's direction, one message sealed and its checksum. */
Test(ntlm_pieces, ntlm_v2_seals_with_hmac)
{
    static const char seal_magic[] = "session key to client-to-server sealing key magic constant";
    static const char sign_magic[] = "session key to client-to-server signing key magic constant";
    static const uint8_t plain[18] = {'P', 0, 'l', 0, 'a', 0, 'i', 0, 'n', 0, 't', 0, 'e', 0, 'x', 0, 't', 0};
    static const uint8_t sequence[4] = {0};
    uint8_t key[16] = {0}, seal_key[16], sign_key[16], sealed[18], checksum[16];
    struct bytes parts[2] = {{key, sizeof key}, {(const uint8_t *)seal_magic, sizeof seal_magic}};
    struct bytes message[2] = {{sequence, 4}, {plain, sizeof plain}};
    struct hmac_md5_key *signer;
    struct rc4 *stream;

    memset(key, 0x55, sizeof key);
    cr_assert(md5_digest(parts, 2, seal_key));
    assert_hex(seal_key, "59f600973cc4960a25480a7c196e4c58");
    parts[1].data = (const uint8_t *)sign_magic;
    cr_assert(md5_digest(parts, 2, sign_key));
    assert_hex(sign_key, "4788dc861b4782f35d43fd98fe1a2d39");
    stream = rc4_new(bytes_of(seal_key, 16));
    signer = hmac_md5_key_new(bytes_of(sign_key, 16));
    rc4_apply(stream, plain, sealed, sizeof sealed);
    assert_hex(sealed, "54e50165bf1936dc996020c1811b0f06fb5f");
    hmac_md5_with(signer, message, 2, checksum);
    assert_hex(checksum, "70352851f2564309");
    rc4_apply(stream, checksum, checksum, 8);
    assert_hex(checksum, "7fb38ec5c55d4976");
    rc4_free(stream);
    hmac_md5_key_free(signer);
}
