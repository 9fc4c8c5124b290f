/*
 * See forge.h. Sections are those of [MS-NLMP].
 */
#include "forge.h"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>

static OSSL_LIB_CTX *library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void library_open(void)
{
    library = OSSL_LIB_CTX_new();
    cr_assert_not_null(library);
    cr_assert_not_null(OSSL_PROVIDER_load(library, "default"));
    cr_assert_not_null(OSSL_PROVIDER_load(library, "legacy"), "the tests of NTLM need OpenSSL's legacy provider");
}

static void md(const char *name, const void *a, size_t a_size, const void *b, size_t b_size, uint8_t *out)
{
    EVP_MD *algorithm;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    pthread_once(&once, library_open);
    algorithm = EVP_MD_fetch(library, name, NULL);
    cr_assert(algorithm && context && EVP_DigestInit_ex2(context, algorithm, NULL)
              && EVP_DigestUpdate(context, a, a_size) && EVP_DigestUpdate(context, b, b_size)
              && EVP_DigestFinal_ex(context, out, NULL));
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
}

struct part {
    const void *data;
    size_t size;
};

static void hmac(const uint8_t key[16], const struct part *parts, size_t count, uint8_t out[16])
{
    uint8_t pad[64], inner[16];
    uint8_t text[3 * TOKEN_ROOM];
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        cr_assert(size + parts[i].size <= sizeof text);
        memcpy(text + size, parts[i].data, parts[i].size);
        size += parts[i].size;
    }
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] = (uint8_t)((i < 16 ? key[i] : 0) ^ 0x36);
    md("MD5", pad, sizeof pad, text, size, inner);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    md("MD5", pad, sizeof pad, inner, sizeof inner, out);
}

/* RC4 itself, small enough to be written once more. */
static void rc4(const uint8_t key[16], const uint8_t *in, uint8_t *out, size_t size)
{
    uint8_t state[256];
    unsigned j = 0;

    for (unsigned i = 0; i < 256; i++)
        state[i] = (uint8_t)i;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t swap = state[i];

        j = (j + swap + key[i % 16]) & 255;
        state[i] = state[j];
        state[j] = swap;
    }
    j = 0;
    for (size_t n = 0; n < size; n++) {
        unsigned i = (unsigned)(n + 1) & 255;
        uint8_t swap = state[i];

        j = (j + swap) & 255;
        state[i] = state[j];
        state[j] = swap;
        out[n] = in[n] ^ state[(uint8_t)(state[i] + swap)];
    }
}

/* DESL, section 6: a 16-byte key spread over three DES keys of 7 bytes. */
static void desl(const uint8_t hash[16], const uint8_t challenge[8], uint8_t out[24])
{
    uint8_t padded[21] = {0}, wide[8];
    EVP_CIPHER *algorithm;
    int size;

    pthread_once(&once, library_open);
    algorithm = EVP_CIPHER_fetch(library, "DES-ECB", NULL);
    memcpy(padded, hash, 16);
    for (size_t k = 0; k < 3; k++) {
        const uint8_t *seven = padded + 7 * k;
        EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

        for (unsigned i = 0; i < 8; i++)
            wide[i] = (uint8_t)(((i ? seven[i - 1] << (8 - i) : 0) | (i < 7 ? seven[i] >> i : 0)) & 0xFE);
        cr_assert(algorithm && context && EVP_EncryptInit_ex2(context, algorithm, wide, NULL, NULL)
                  && EVP_EncryptUpdate(context, out + 8 * k, &size, challenge, 8));
        EVP_CIPHER_CTX_free(context);
    }
    EVP_CIPHER_free(algorithm);
}

static size_t utf16(const char *text, uint8_t *out, bool upper)
{
    size_t size = 0;

    for (; *text; text++) {
        out[size++] = (uint8_t)(upper && *text >= 'a' && *text <= 'z' ? *text - 32 : *text);
        out[size++] = 0;
    }
    return size;
}

void forge_nt_hash(const char *password, uint8_t out[16])
{
    uint8_t text[2 * 520];

    md("MD4", text, utf16(password, text, false), NULL, 0, out);
}

void forge_md5(const void *a, size_t a_size, const void *b, size_t b_size, uint8_t out[16])
{
    md("MD5", a, a_size, b, b_size, out);
}

void forge_hmac_md5(const uint8_t key[16], const void *data, size_t size, uint8_t out[16])
{
    hmac(key, &(struct part){data, size}, 1, out);
}

/* 3.3.2. */
void forge_ntowf_v2(const char *user, const char *domain, const char *password, uint8_t out[16])
{
    uint8_t hash[16], names[512];
    size_t size = utf16(user, names, true);

    forge_nt_hash(password, hash);
    size += utf16(domain, names + size, false);
    forge_hmac_md5(hash, names, size, out);
}

uint32_t u32_at(const struct token *token, size_t offset)
{
    return (uint32_t)u16_at(token, offset) | (uint32_t)u16_at(token, offset + 2) << 16;
}

uint16_t u16_at(const struct token *token, size_t offset)
{
    cr_assert(offset + 2 <= sizeof token->data);
    return (uint16_t)(token->data[offset] | token->data[offset + 1] << 8);
}

void u16_put(struct token *token, size_t offset, uint16_t value)
{
    cr_assert(offset + 2 <= sizeof token->data);
    token->data[offset] = (uint8_t)value;
    token->data[offset + 1] = (uint8_t)(value >> 8);
}

void u32_put(struct token *token, size_t offset, uint32_t value)
{
    u16_put(token, offset, (uint16_t)value);
    u16_put(token, offset + 2, (uint16_t)(value >> 16));
}

static void append(struct token *token, const void *data, size_t size)
{
    cr_assert(token->size + size <= sizeof token->data);
    if (size)
        memcpy(token->data + token->size, data, size);
    token->size += (ULONG)size;
}

/* Appends a field's payload and describes it at `at`. */
static void field_append(struct token *token, size_t at, const void *data, size_t size)
{
    u16_put(token, at, (uint16_t)size);
    u16_put(token, at + 2, (uint16_t)size);
    u32_put(token, at + 4, token->size);
    append(token, data, size);
}

static uint8_t *av_find(struct token *token, size_t at, size_t end, unsigned id)
{
    while (at + 4 <= end && u16_at(token, at) != AV_EOL) {
        if (u16_at(token, at) == id)
            return token->data + at + 4;
        at += 4u + u16_at(token, at + 2);
    }
    return NULL;
}

uint8_t *av_in_authenticate(struct token *token, unsigned id)
{
    size_t start = u32_at(token, AT_NT + 4);

    return av_find(token, start + 44, start + u16_at(token, AT_NT), id);
}

uint8_t *av_in_challenge(struct token *token, unsigned id)
{
    size_t start = u32_at(token, 44);

    return av_find(token, start, start + u16_at(token, 40), id);
}

static void av_append(struct token *list, unsigned id, const void *data, size_t size)
{
    struct token head = {.size = 4};

    u16_put(&head, 0, (uint16_t)id);
    u16_put(&head, 2, (uint16_t)size);
    append(list, head.data, 4);
    append(list, data, size);
}

struct forge forge_good(void)
{
    return (struct forge){
        .user = USER,
        .domain = DOMAIN,
        .workstation = "FORGE",
        .password = PASSWORD,
        .negotiate_flags = FLAG_UNICODE | FLAG_REQUEST_TARGET | FLAG_SIGN | FLAG_SEAL | FLAG_NTLM | FLAG_ALWAYS_SIGN
                           | FLAG_ESS | FLAG_VERSION | FLAG_128 | FLAG_KEY_EXCH | FLAG_56,
    };
}

void forge_negotiate(const struct forge *forge, struct token *out)
{
    *out = (struct token){.size = 40};
    memcpy(out->data, "NTLMSSP", 8);
    u32_put(out, 8, 1);
    u32_put(out, 12, forge->negotiate_flags);
}

/* 2.2.2.7 and 3.1.5.1.2: the pairs of the server repeated, and our own. */
static void av_list(const struct forge *forge, const struct token *challenge, struct token *list)
{
    struct token server = *challenge, number = {0};
    uint32_t flags = forge->av_flags | (forge->mic == MIC_NONE ? 0 : AV_FLAG_MIC);
    uint8_t name[512];

    for (unsigned id = AV_NB_COMPUTER; !forge->forget_server && id <= AV_TIMESTAMP; id++) {
        uint8_t *value = av_in_challenge(&server, id);

        if (value)
            av_append(list, id, value, u16_at(&server, (size_t)(value - server.data) - 2));
    }
    u32_put(&number, 0, flags);
    if (flags)
        av_append(list, AV_FLAGS, number.data, 4);
    if (forge->bindings)
        av_append(list, AV_BINDINGS, forge->bindings, 16);
    if (forge->target)
        av_append(list, AV_TARGET_NAME, name, utf16(forge->target, name, false));
    av_append(list, AV_EOL, NULL, 0);
    append(list, "\0\0\0", 4);
}

/* 3.3.2. The session base key replaces `key`. */
static void response_v2(const struct forge *forge, const struct token *challenge, struct token *response,
                        uint8_t key[16])
{
    uint8_t hash[16], proof[16];
    struct token server = *challenge, temp = {.size = 28};
    const uint8_t *time = av_in_challenge(&server, AV_TIMESTAMP);
    uint64_t ticks = 0;

    forge_ntowf_v2(forge->user, forge->domain, forge->password, hash);
    temp.data[0] = temp.data[1] = 1;
    cr_assert_not_null(time);
    for (unsigned i = 8; i > 0; i--)
        ticks = ticks << 8 | time[i - 1];
    ticks += (uint64_t)(forge->seconds * 10000000);
    for (unsigned i = 0; i < 8; i++)
        temp.data[8 + i] = (uint8_t)(ticks >> 8 * i);
    memset(temp.data + 16, 0xAA, 8);
    av_list(forge, challenge, &temp);
    hmac(hash, (struct part[]){{challenge->data + 24, 8}, {temp.data, temp.size}}, 2, proof);
    append(response, proof, sizeof proof);
    append(response, temp.data, temp.size);
    hmac(hash, &(struct part){proof, sizeof proof}, 1, key);
}

/* 3.3.1, with or without extended session security. */
static void response_v1(const struct forge *forge, const struct token *challenge, struct token *lm, struct token *nt,
                        uint8_t key[16])
{
    uint8_t hash[16], both[16], digest[16], out[24];

    forge_nt_hash(forge->password, hash);
    md("MD4", hash, 16, NULL, 0, key);
    memcpy(both, challenge->data + 24, 8);
    if (forge->response == FORGE_V1_ESS) {
        memset(both + 8, 0xAA, 8);
        md("MD5", both, 16, NULL, 0, digest);
        desl(hash, digest, out);
        append(nt, out, 24);
        append(lm, both + 8, 8);
        lm->size = 24;
        hmac(key, &(struct part){both, 16}, 1, key);
        return;
    }
    desl(hash, both, out);
    append(nt, out, 24);
    append(lm, out, 24);
}

/* 3.1.5.1.2, over all three messages with the MIC counted as zero. */
static void mic_put(const struct forge *forge, const struct token *negotiate, const struct token *challenge,
                    struct token *out)
{
    if (forge->mic == MIC_GOOD)
        hmac(forge->session_key,
             (struct part[]){
                 {negotiate->data, negotiate->size}, {challenge->data, challenge->size}, {out->data, out->size}},
             3, out->data + AT_MIC);
}

void forge_authenticate(struct forge *forge, const struct token *negotiate, const struct token *challenge,
                        struct token *out)
{
    struct token lm = {0}, nt = {0};
    uint8_t key[16] = {0}, random[16], sealed[16], name[512];
    uint32_t flags = (u32_at(challenge, 20) | forge->add_flags) & ~forge->strip_flags;
    bool exchange = (flags & FLAG_KEY_EXCH) && (flags & (FLAG_SIGN | FLAG_SEAL));

    if (forge->response == FORGE_V2)
        response_v2(forge, challenge, &nt, key);
    else if (forge->response != FORGE_ANONYMOUS)
        response_v1(forge, challenge, &lm, &nt, key);
    if (forge->response == FORGE_V2 || forge->response == FORGE_LMV2_ONLY)
        lm.size = 24;
    if (forge->response == FORGE_LM_ONLY || forge->response == FORGE_LMV2_ONLY)
        nt.size = 0;
    if (forge->response == FORGE_ANONYMOUS)
        lm.size = 1;
    memset(random, 0x55, sizeof random);
    rc4(key, random, sealed, sizeof sealed);
    memcpy(forge->session_key, exchange ? random : key, 16);
    *out = (struct token){.size = forge->mic == MIC_GOOD || forge->mic == MIC_ZERO ? AT_MIC + MIC_SIZE : AT_MIC};
    memcpy(out->data, "NTLMSSP", 8);
    u32_put(out, 8, 3);
    u32_put(out, AT_FLAGS, flags);
    field_append(out, AT_DOMAIN, name, utf16(forge->domain, name, false));
    field_append(out, AT_USER, name, utf16(forge->user, name, false));
    field_append(out, AT_WORKSTATION, name, utf16(forge->workstation, name, false));
    field_append(out, AT_LM, lm.data, lm.size);
    field_append(out, AT_NT, nt.data, nt.size);
    field_append(out, AT_KEY, sealed, exchange ? sizeof sealed : 0);
    mic_put(forge, negotiate, challenge, out);
}

void forge_until_authenticate(struct forge *forge, struct loopback *loop)
{
    forge_negotiate(forge, &loop->negotiate);
    assert_status(loopback_challenge(loop), SEC_I_CONTINUE_NEEDED);
    forge_authenticate(forge, &loop->negotiate, &loop->challenge, &loop->authenticate);
}
