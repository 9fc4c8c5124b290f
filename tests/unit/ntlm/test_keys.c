/*
 * keys.c and mic.c: keys and responses against [MS-NLMP] 4.2.
 */
#include "base/utf.h"
#include "crypto/hash.h"
#include "support_ntlm.h"
#include "vectors.h"

static uint8_t server_challenge[8], client_challenge[8], nt_hash[16], lm_hash[16], session_key[16];

static void inputs(void)
{
    test_hex(V_SERVER_CHALLENGE, server_challenge, 8);
    test_hex(V_CLIENT_CHALLENGE, client_challenge, 8);
    test_hex(V_NTOWF, nt_hash, 16);
    test_hex(V_LMOWF, lm_hash, 16);
    test_hex(V_SESSION_KEY, session_key, 16);
}

static void is_hex(const void *actual, const char *hex)
{
    uint8_t expected[512];

    assert_mem_eq(actual, expected, test_hex(hex, expected, sizeof expected));
}

Test(ntlm_keys, one_way_functions, .init = inputs)
{
    uint8_t out[16];

    assert_status(account_nt_hash(bytes_of("Password", 8), out), SEC_E_OK);
    is_hex(out, V_NTOWF);
    cr_assert(ntlm_lmowf_v1(bytes_of("Password", 8), out));
    is_hex(out, V_LMOWF);
    cr_assert(ntlm_lmowf_v1(bytes_of("pASSWORD", 8), out));
    is_hex(out, V_LMOWF);
    cr_assert(ntlm_ntowf_v2(nt_hash, bytes_of("U\0S\0E\0R\0", 8), bytes_of("D\0o\0m\0a\0i\0n\0", 12), out));
    is_hex(out, V2_NTOWF);
}

Test(ntlm_keys, lm_hash_uses_fourteen_bytes)
{
    uint8_t longer[16], shorter[16];

    cr_assert(ntlm_lmowf_v1(bytes_of("12345678901234567890", 20), longer));
    cr_assert(ntlm_lmowf_v1(bytes_of("12345678901234", 14), shorter));
    assert_mem_eq(longer, shorter, 16);
    cr_assert(ntlm_lmowf_v1(bytes_of("1234567890123", 13), shorter));
    cr_assert(memcmp(longer, shorter, 16) != 0);
}

Test(ntlm_keys, v1, .init = inputs)
{
    uint8_t response[24], lm[24], base[16], key[16], sealed[16];

    cr_assert(ntlm_v1_response(nt_hash, 0, server_challenge, client_challenge, response));
    is_hex(response, V1_NT);
    cr_assert(ntlm_v1_response(lm_hash, 0, server_challenge, client_challenge, lm));
    is_hex(lm, V1_LM);
    cr_assert(ntlm_v1_session_key(nt_hash, base));
    is_hex(base, V1_BASE_KEY);
    cr_assert(ntlm_v1_key_exchange_key(0, base, server_challenge, lm, NULL, key));
    is_hex(key, V1_BASE_KEY);
    cr_assert(rc4_once(bytes_of(key, 16), session_key, sealed, 16));
    is_hex(sealed, V1_ENCRYPTED_KEY);
    cr_assert(ntlm_v1_key_exchange_key(NTLM_NON_NT_SESSION_KEY, base, server_challenge, lm, lm_hash, key));
    cr_assert(rc4_once(bytes_of(key, 16), session_key, sealed, 16));
    is_hex(sealed, V1_ENCRYPTED_KEY_NON_NT);
    cr_assert(ntlm_v1_key_exchange_key(NTLM_LM_KEY, base, server_challenge, lm, lm_hash, key));
    is_hex(key, V1_KXKEY_LM_KEY);
    cr_assert(rc4_once(bytes_of(key, 16), session_key, sealed, 16));
    is_hex(sealed, V1_ENCRYPTED_KEY_LM_KEY);
    cr_assert_not(ntlm_v1_key_exchange_key(NTLM_LM_KEY, base, server_challenge, lm, NULL, key));
}

Test(ntlm_keys, v1_with_client_challenge, .init = inputs)
{
    const uint32_t flags = NTLM_ESS | NTLM_56;
    uint8_t response[24], lm[24], base[16], key[16], out[16];
    size_t size;

    test_hex(V1C_LM, lm, sizeof lm);
    cr_assert(ntlm_v1_response(nt_hash, flags, server_challenge, client_challenge, response));
    is_hex(response, V1C_NT);
    cr_assert(ntlm_v1_session_key(nt_hash, base));
    cr_assert(ntlm_v1_key_exchange_key(flags, base, server_challenge, lm, NULL, key));
    is_hex(key, V1C_KXKEY);
    cr_assert(ntlm_seal_key(flags, key, true, out, &size));
    cr_assert_eq(size, 16);
    is_hex(out, V1C_SEAL_KEY);
    cr_assert(ntlm_sign_key(key, true, out));
    is_hex(out, V1C_SIGN_KEY);
}

Test(ntlm_keys, v2, .init = inputs)
{
    uint8_t ntowf[16], temp[256], proof[24], key[16], sealed[16];
    size_t size = test_hex(V2_TEMP, temp, sizeof temp);

    test_hex(V2_NTOWF, ntowf, 16);
    cr_assert(ntlm_v2_proof(ntowf, server_challenge, bytes_of(temp, size), proof));
    is_hex(proof, V2_PROOF);
    cr_assert(ntlm_v2_session_key(ntowf, proof, key));
    is_hex(key, V2_BASE_KEY);
    cr_assert(rc4_once(bytes_of(key, 16), session_key, sealed, 16));
    is_hex(sealed, V2_ENCRYPTED_KEY);
    cr_assert(ntlm_v2_proof(ntowf, server_challenge, bytes_of(client_challenge, 8), proof));
    memcpy(proof + 16, client_challenge, 8);
    is_hex(proof, V2_LM);
}

Test(ntlm_keys, session_keys_of_both_directions, .init = inputs)
{
    uint8_t key[16];
    size_t size;

    cr_assert(ntlm_seal_key(NTLM_ESS | NTLM_128, session_key, true, key, &size));
    is_hex(key, V2_SEAL_KEY_C);
    cr_assert(ntlm_sign_key(session_key, true, key));
    is_hex(key, V2_SIGN_KEY_C);
    cr_assert(ntlm_seal_key(NTLM_ESS | NTLM_128, session_key, false, key, &size));
    is_hex(key, X_SEAL_KEY_S);
    cr_assert(ntlm_sign_key(session_key, false, key));
    is_hex(key, X_SIGN_KEY_S);
}

/* Made together they are what each is alone, however short the sealing keys. */
Test(ntlm_keys, all_message_keys, .init = inputs)
{
    static const uint32_t strengths[] = {NTLM_128, NTLM_56, 0};

    for (size_t i = 0; i < sizeof strengths / sizeof strengths[0]; i++) {
        const uint32_t flags = NTLM_ESS | strengths[i];
        struct ntlm_message_keys all;
        uint8_t key[16];
        size_t size;

        cr_assert(ntlm_message_keys(flags, session_key, &all));
        for (int to_server = 0; to_server < 2; to_server++) {
            cr_assert(ntlm_sign_key(session_key, to_server, key));
            assert_mem_eq(all.sign[to_server], key, sizeof key);
            cr_assert(ntlm_seal_key(flags, session_key, to_server, key, &size));
            assert_mem_eq(all.seal[to_server], key, sizeof key);
        }
    }
}

Test(ntlm_keys, weakened_seal_keys, .init = inputs)
{
    static const uint8_t lm56[8] = {0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xA0};
    static const uint8_t lm40[8] = {0x55, 0x55, 0x55, 0x55, 0x55, 0xE5, 0x38, 0xB0};
    uint8_t key[16], key56[16], key40[16], expected[16];
    const char constant[] = "session key to client-to-server sealing key magic constant";
    size_t size;

    cr_assert(ntlm_seal_key(NTLM_LM_KEY | NTLM_56, session_key, true, key, &size));
    cr_assert_eq(size, 8);
    assert_mem_eq(key, lm56, 8);
    cr_assert(ntlm_seal_key(NTLM_LM_KEY, session_key, true, key, &size));
    cr_assert_eq(size, 8);
    assert_mem_eq(key, lm40, 8);
    cr_assert(ntlm_seal_key(0, session_key, true, key, &size));
    cr_assert_eq(size, 16);
    assert_mem_eq(key, session_key, 16);
    for (size_t kept = 5; kept <= 7; kept += 2) {
        const struct bytes parts[] = {bytes_of(session_key, kept), bytes_of(constant, sizeof constant)};

        cr_assert(md5_digest(parts, 2, expected));
        cr_assert(
            ntlm_seal_key(NTLM_ESS | (kept == 7 ? NTLM_56 : 0), session_key, true, kept == 7 ? key56 : key40, &size));
        assert_mem_eq(kept == 7 ? key56 : key40, expected, 16);
    }
    cr_assert_eq(ntlm_key_bits(NTLM_ESS | NTLM_128 | NTLM_56), 128);
    cr_assert_eq(ntlm_key_bits(NTLM_ESS | NTLM_56), 56);
    cr_assert_eq(ntlm_key_bits(NTLM_ESS), 40);
    cr_assert_eq(ntlm_key_bits(0), 128);
}

Test(ntlm_keys, mic, .init = inputs)
{
    uint8_t negotiate[64], challenge[256], authenticate[512], mic[16];
    const struct bytes n = bytes_of(negotiate, test_hex(E_NEGOTIATE, negotiate, sizeof negotiate));
    const struct bytes c = bytes_of(challenge, test_hex(E_CHALLENGE, challenge, sizeof challenge));
    struct bytes a = bytes_of(authenticate, test_hex(E_AUTHENTICATE, authenticate, sizeof authenticate));

    cr_assert(ntlm_mic_compute(session_key, n, c, a, mic));
    is_hex(mic, E_MIC);
    a.size = NTLM_MIC_OFFSET + NTLM_MIC_SIZE - 1;
    cr_assert_not(ntlm_mic_compute(session_key, n, c, a, mic));
}
