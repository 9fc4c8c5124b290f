/*
 * Every key of NTLM: one-way functions of the password, session base key, key exchange key, signing and sealing keys
 * ([MS-NLMP] 3.3, 3.4.5). Pure functions; callers wipe what they get.
 */
#include <string.h>

#include "base/secret.h"
#include "base/utf.h"
#include "crypto/des.h"
#include "crypto/hash.h"
#include "ntlm/ntlm.h"

/* The constants of 3.4.5.2 and 3.4.5.3 are hashed with their terminating NUL. */
static const char sign_client[] = "session key to client-to-server signing key magic constant";
static const char sign_server[] = "session key to server-to-client signing key magic constant";
static const char seal_client[] = "session key to client-to-server sealing key magic constant";
static const char seal_server[] = "session key to server-to-client sealing key magic constant";

static struct bytes key_of(const uint8_t key[16])
{
    return bytes_of(key, NTLM_KEY_SIZE);
}

/* 3.3.2: the domain is taken as the client sent it; LMOWFv2 is the same. */
bool ntlm_ntowf_v2(const uint8_t nt_hash[16], struct bytes upper_user, struct bytes domain, uint8_t out[16])
{
    const struct bytes parts[] = {upper_user, domain};

    return hmac_md5(key_of(nt_hash), parts, 2, out);
}

bool ntlm_v2_proof(const uint8_t ntowf[16], const uint8_t server_challenge[8], struct bytes temp, uint8_t out[16])
{
    const struct bytes parts[] = {bytes_of(server_challenge, NTLM_CHALLENGE_SIZE), temp};

    return hmac_md5(key_of(ntowf), parts, 2, out);
}

bool ntlm_v2_session_key(const uint8_t ntowf[16], const uint8_t proof[16], uint8_t out[16])
{
    const struct bytes part = key_of(proof);

    return hmac_md5(key_of(ntowf), &part, 1, out);
}

/* 3.3.1: two DES encryptions of a constant, keyed by the upper-cased password in halves of 7. */
bool ntlm_lmowf_v1(struct bytes oem_password, uint8_t out[16])
{
    static const uint8_t constant[8] = {'K', 'G', 'S', '!', '@', '#', '$', '%'};
    uint8_t password[14] = {0};
    bool ok;

    for (size_t i = 0; i < sizeof password && i < oem_password.size; i++)
        password[i] = (uint8_t)utf16_upper(oem_password.data[i]);
    ok = des_encrypt(password, constant, out) && des_encrypt(password + 7, constant, out + 8);
    secret_wipe(password, sizeof password);
    return ok;
}

/* 3.3.1; with extended session security the challenge is a digest over both sides' challenges. */
bool ntlm_v1_response(const uint8_t hash[16], uint32_t flags, const uint8_t server_challenge[8],
                      const uint8_t client_challenge[8], uint8_t out[NTLM_V1_RESPONSE_SIZE])
{
    const struct bytes parts[] = {bytes_of(server_challenge, NTLM_CHALLENGE_SIZE),
                                  bytes_of(client_challenge, NTLM_CHALLENGE_SIZE)};
    uint8_t digest[MD5_SIZE];

    if (!(flags & NTLM_ESS))
        return desl_encrypt(hash, server_challenge, out);
    return md5_digest(parts, 2, digest) && desl_encrypt(hash, digest, out);
}

bool ntlm_v1_session_key(const uint8_t nt_hash[16], uint8_t out[16])
{
    const struct bytes part = key_of(nt_hash);

    return md4_digest(&part, 1, out);
}

/* The LM_KEY row of 3.4.5.1: two DES encryptions of the response's start. */
static bool key_exchange_key_lm(const uint8_t *lm_response, const uint8_t lmowf[16], uint8_t out[16])
{
    uint8_t second[7] = {lmowf[7], 0xBD, 0xBD, 0xBD, 0xBD, 0xBD, 0xBD};
    bool ok = des_encrypt(lmowf, lm_response, out) && des_encrypt(second, lm_response, out + 8);

    secret_wipe(second, sizeof second);
    return ok;
}

/* 3.4.5.1. */
bool ntlm_v1_key_exchange_key(uint32_t flags, const uint8_t session_base_key[16], const uint8_t server_challenge[8],
                              const uint8_t *lm_response, const uint8_t *lmowf, uint8_t out[16])
{
    const struct bytes parts[] = {bytes_of(server_challenge, NTLM_CHALLENGE_SIZE),
                                  bytes_of(lm_response, NTLM_CHALLENGE_SIZE)};

    if (flags & NTLM_ESS)
        return hmac_md5(key_of(session_base_key), parts, 2, out);
    if (flags & (NTLM_LM_KEY | NTLM_NON_NT_SESSION_KEY)) {
        if (!lmowf)
            return false;
        if (flags & NTLM_LM_KEY)
            return key_exchange_key_lm(lm_response, lmowf, out);
        for (size_t i = 0; i < NTLM_KEY_SIZE; i++)
            out[i] = i < 8 ? lmowf[i] : 0;
        return true;
    }
    for (size_t i = 0; i < NTLM_KEY_SIZE; i++)
        out[i] = session_base_key[i];
    return true;
}

static bool derive(const uint8_t *key, size_t size, const char *constant, size_t constant_size, uint8_t out[16])
{
    const struct bytes parts[] = {bytes_of(key, size), bytes_of(constant, constant_size)};

    return md5_digest(parts, 2, out);
}

bool ntlm_sign_key(const uint8_t session_key[16], bool client_to_server, uint8_t out[16])
{
    return derive(session_key, NTLM_KEY_SIZE, client_to_server ? sign_client : sign_server, sizeof sign_client, out);
}

bool ntlm_message_keys(uint32_t flags, const uint8_t session_key[16], struct ntlm_message_keys *out)
{
    const struct bytes sign = key_of(session_key), seal = bytes_of(session_key, ntlm_key_bits(flags) / 8);
    const struct bytes messages[MD5_FOUR_COUNT][2] = {
        {sign, bytes_of(sign_server, sizeof sign_server)},
        {sign, bytes_of(sign_client, sizeof sign_client)},
        {seal, bytes_of(seal_server, sizeof seal_server)},
        {seal, bytes_of(seal_client, sizeof seal_client)},
    };
    uint8_t keys[MD5_FOUR_COUNT][MD5_SIZE];
    bool ok = md5_four(messages, keys);

    for (size_t i = 0; ok && i < 2; i++) {
        memcpy(out->sign[i], keys[i], MD5_SIZE);
        memcpy(out->seal[i], keys[2 + i], MD5_SIZE);
    }
    secret_wipe(keys, sizeof keys);
    return ok;
}

/* The last rows of 3.4.5.3: without extended session security only LM_KEY weakens the key. */
static size_t seal_key_plain(uint32_t flags, const uint8_t session_key[16], uint8_t out[16])
{
    static const uint8_t tail[] = {0xE5, 0x38, 0xB0};
    const size_t kept = !(flags & NTLM_LM_KEY) ? 16 : flags & NTLM_56 ? 7 : 5;

    for (size_t i = 0; i < kept; i++)
        out[i] = session_key[i];
    if (kept == 16)
        return kept;
    if (kept == 7) {
        out[7] = 0xA0;
        return 8;
    }
    for (size_t i = 0; i < sizeof tail; i++)
        out[kept + i] = tail[i];
    return 8;
}

/* 3.4.5.3. */
bool ntlm_seal_key(uint32_t flags, const uint8_t session_key[16], bool client_to_server, uint8_t out[16], size_t *size)
{
    *size = 16;
    if (flags & NTLM_ESS)
        return derive(session_key, ntlm_key_bits(flags) / 8, client_to_server ? seal_client : seal_server,
                      sizeof seal_client, out);
    *size = seal_key_plain(flags, session_key, out);
    return true;
}

ULONG ntlm_key_bits(uint32_t flags)
{
    if ((flags & NTLM_128) || !(flags & (NTLM_ESS | NTLM_LM_KEY)))
        return 128;
    return flags & NTLM_56 ? 56 : 40;
}
