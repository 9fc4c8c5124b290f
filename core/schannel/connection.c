/*
 * What was agreed: version, cipher, hash and key exchange in Windows' numbers and names, the session, the application
 * protocol.
 */
#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

#include "compat/wincrypt.h"
#include "schannel/answers.h"

/* One agreed algorithm. */
struct algorithm {
    const char *name;
    ALG_ID id; /* 0: Windows has no number for it */
    DWORD bits;
};

/* All that was agreed. */
struct agreement {
    const SSL_CIPHER *cipher;
    DWORD protocol;
    struct algorithm encrypt, hash, exchange;
    const char *certificate;
};

static DWORD protocol_of(const struct schannel_context *context)
{
    static const struct {
        int version;
        DWORD server, client;
    } rows[] = {
        {TLS1_VERSION, SP_PROT_TLS1_0_SERVER, SP_PROT_TLS1_0_CLIENT},
        {TLS1_1_VERSION, SP_PROT_TLS1_1_SERVER, SP_PROT_TLS1_1_CLIENT},
        {TLS1_2_VERSION, SP_PROT_TLS1_2_SERVER, SP_PROT_TLS1_2_CLIENT},
        {TLS1_3_VERSION, SP_PROT_TLS1_3_SERVER, SP_PROT_TLS1_3_CLIENT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].version == SSL_version(context->ssl))
            return context->base.acceptor ? rows[i].server : rows[i].client;
    return SP_PROT_NONE;
}

static struct algorithm encryption_of(const SSL_CIPHER *cipher)
{
    const char *name = SSL_CIPHER_get_name(cipher);
    DWORD bits = (DWORD)SSL_CIPHER_get_bits(cipher, NULL);

    if (SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305)
        return (struct algorithm){"CHACHA20_POLY1305", 0, bits};
    if (strstr(name, "AES"))
        return (struct algorithm){"AES", bits == 128 ? CALG_AES_128 : CALG_AES_256, bits};
    if (SSL_CIPHER_get_cipher_nid(cipher) == NID_des_ede3_cbc)
        return (struct algorithm){"3DES", CALG_3DES, bits};
    return (struct algorithm){bits ? OBJ_nid2sn(SSL_CIPHER_get_cipher_nid(cipher)) : "NULL", 0, bits};
}

/* The hash of records where they have a MAC, else that of the handshake. */
static struct algorithm hash_of(const SSL_CIPHER *cipher)
{
    int nid = SSL_CIPHER_get_digest_nid(cipher);

    if (nid == NID_undef) {
        const EVP_MD *digest = SSL_CIPHER_get_handshake_digest(cipher);

        nid = digest ? EVP_MD_get_type(digest) : NID_undef;
    }
    switch (nid) {
    case NID_md5:
        return (struct algorithm){"MD5", CALG_MD5, 128};
    case NID_sha1:
        return (struct algorithm){"SHA1", CALG_SHA1, 160};
    case NID_sha256:
        return (struct algorithm){"SHA256", CALG_SHA_256, 256};
    case NID_sha384:
        return (struct algorithm){"SHA384", CALG_SHA_384, 384};
    default:
        return (struct algorithm){"", 0, 0};
    }
}

/* Groups that OpenSSL shows the client no key of. A hybrid is what its curve is, since ML-KEM has no ALG_ID. */
static const struct algorithm encapsulations[] = {
    {"X25519MLKEM768", CALG_ECDH_EPHEM, 253},
    {"SecP256r1MLKEM768", CALG_ECDH_EPHEM, 256},
    {"SecP384r1MLKEM1024", CALG_ECDH_EPHEM, 384},
    {"MLKEM512", 0, 512},
    {"MLKEM768", 0, 768},
    {"MLKEM1024", 0, 1024},
};

static const struct algorithm *encapsulation_of(SSL *ssl)
{
    const char *name = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));

    for (size_t i = 0; name && i < sizeof encapsulations / sizeof *encapsulations; i++)
        if (strcmp(name, encapsulations[i].name) == 0)
            return &encapsulations[i];
    return NULL;
}

/* Before TLS 1.3 the suite says it, in it the group does. Bits: of the peer's ephemeral key, 0 in a resumed session. */
static struct algorithm exchange_of(SSL *ssl, const SSL_CIPHER *cipher)
{
    const struct algorithm *encapsulation = encapsulation_of(ssl);
    EVP_PKEY *key = NULL;
    int nid = SSL_CIPHER_get_kx_nid(cipher), kind;
    DWORD bits = 0;

    if (encapsulation)
        return *encapsulation;
    if (SSL_get_peer_tmp_key(ssl, &key)) {
        bits = (DWORD)EVP_PKEY_get_bits(key);
        kind = EVP_PKEY_get_base_id(key);
        if (nid == NID_kx_any)
            nid = kind == EVP_PKEY_DH ? NID_kx_dhe : NID_kx_ecdhe;
        EVP_PKEY_free(key);
    }
    ERR_clear_error();
    if (nid == NID_kx_rsa)
        return (struct algorithm){"RSA", CALG_RSA_KEYX, bits};
    if (nid == NID_kx_dhe)
        return (struct algorithm){"DHE", CALG_DH_EPHEM, bits};
    return (struct algorithm){"ECDHE", CALG_ECDH_EPHEM, bits};
}

static const char *certificate_kind(const struct schannel_context *context)
{
    X509 *server = context->base.acceptor ? SSL_get_certificate(context->ssl) : schannel_peer(context);
    EVP_PKEY *key = server ? X509_get0_pubkey(server) : NULL;

    switch (key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        return "RSA";
    case EVP_PKEY_EC:
        return "ECDSA";
    case EVP_PKEY_ED25519:
        return "ED25519";
    case EVP_PKEY_ED448:
        return "ED448";
    default:
        return "";
    }
}

static struct agreement agreement_of(const struct schannel_context *context)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(context->ssl);

    return (struct agreement){
        .cipher = cipher,
        .protocol = protocol_of(context),
        .encrypt = encryption_of(cipher),
        .hash = hash_of(cipher),
        .exchange = exchange_of(context->ssl, cipher),
        .certificate = certificate_kind(context),
    };
}

static void wide_name(WCHAR out[SZ_ALG_MAX_SIZE], const char *name)
{
    for (size_t i = 0; i + 1 < SZ_ALG_MAX_SIZE && name[i]; i++)
        out[i] = (WCHAR)(unsigned char)name[i];
}

SECURITY_STATUS answer_connection(struct schannel_context *context, struct attribute_value *value)
{
    const struct agreement agreed = agreement_of(context);
    SecPkgContext_ConnectionInfo *info = schannel_answer(context, sizeof *info);

    if (!info)
        return SEC_E_INSUFFICIENT_MEMORY;
    *info = (SecPkgContext_ConnectionInfo){agreed.protocol,  agreed.encrypt.id,  agreed.encrypt.bits, agreed.hash.id,
                                           agreed.hash.bits, agreed.exchange.id, agreed.exchange.bits};
    value->blob = bytes_of(info, sizeof *info);
    return SEC_E_OK;
}

SECURITY_STATUS answer_connection_ex(struct schannel_context *context, struct attribute_value *value)
{
    const struct agreement agreed = agreement_of(context);
    SecPkgContext_ConnectionInfoEx *info = schannel_answer(context, sizeof *info);

    if (!info)
        return SEC_E_INSUFFICIENT_MEMORY;
    info->dwVersion = SECPKGCONTEXT_CONNECTION_INFO_EX_V1;
    info->dwProtocol = agreed.protocol;
    wide_name(info->szCipher, agreed.encrypt.name);
    info->dwCipherStrength = agreed.encrypt.bits;
    wide_name(info->szHash, agreed.hash.name);
    info->dwHashStrength = agreed.hash.bits;
    wide_name(info->szExchange, agreed.exchange.name);
    info->dwExchStrength = agreed.exchange.bits;
    value->blob = bytes_of(info, sizeof *info);
    return SEC_E_OK;
}

SECURITY_STATUS answer_cipher(struct schannel_context *context, struct attribute_value *value)
{
    const struct agreement agreed = agreement_of(context);
    SecPkgContext_CipherInfo *info = schannel_answer(context, sizeof *info);
    const char *suite = SSL_CIPHER_standard_name(agreed.cipher);

    if (!info)
        return SEC_E_INSUFFICIENT_MEMORY;
    info->dwVersion = SECPKGCONTEXT_CIPHERINFO_V1;
    info->dwProtocol = agreed.protocol;
    info->dwCipherSuite = info->dwBaseCipherSuite = SSL_CIPHER_get_protocol_id(agreed.cipher);
    wide_name(info->szCipherSuite, suite ? suite : SSL_CIPHER_get_name(agreed.cipher));
    wide_name(info->szCipher, agreed.encrypt.name);
    info->dwCipherLen = agreed.encrypt.bits;
    info->dwCipherBlockLen = agreed.encrypt.id == CALG_3DES ? 8 : 16;
    wide_name(info->szHash, agreed.hash.name);
    info->dwHashLen = agreed.hash.bits;
    wide_name(info->szExchange, agreed.exchange.name);
    info->dwMinExchangeLen = info->dwMaxExchangeLen = agreed.exchange.bits;
    wide_name(info->szCertificate, agreed.certificate);
    value->blob = bytes_of(info, sizeof *info);
    return SEC_E_OK;
}

SECURITY_STATUS answer_key_info(struct schannel_context *context, struct attribute_value *value)
{
    const struct agreement agreed = agreement_of(context);

    value->key_info.sign = agreed.hash.name;
    value->key_info.encrypt = agreed.encrypt.name;
    value->key_info.bits = agreed.encrypt.bits;
    value->key_info.sign_id = agreed.hash.id;
    value->key_info.encrypt_id = agreed.encrypt.id;
    return SEC_E_OK;
}

SECURITY_STATUS answer_session(struct schannel_context *context, struct attribute_value *value)
{
    SecPkgContext_SessionInfo *info = schannel_answer(context, sizeof *info);
    const SSL_SESSION *session = SSL_get0_session(context->ssl);
    unsigned size = 0;
    const unsigned char *id = session ? SSL_SESSION_get_id(session, &size) : NULL;

    if (!info)
        return SEC_E_INSUFFICIENT_MEMORY;
    info->dwFlags = SSL_session_reused(context->ssl) ? SSL_SESSION_RECONNECT : 0;
    info->cbSessionId = size <= sizeof info->rgbSessionId ? size : 0;
    if (info->cbSessionId)
        memcpy(info->rgbSessionId, id, info->cbSessionId);
    value->blob = bytes_of(info, sizeof *info);
    return SEC_E_OK;
}

SECURITY_STATUS answer_application_protocol(struct schannel_context *context, struct attribute_value *value)
{
    SecPkgContext_ApplicationProtocol *protocol = schannel_answer(context, sizeof *protocol);
    const unsigned char *name = NULL;
    unsigned size = 0;

    if (!protocol)
        return SEC_E_INSUFFICIENT_MEMORY;
    SSL_get0_alpn_selected(context->ssl, &name, &size);
    if (!size && context->protocol.size) {
        name = context->protocol.data;
        size = (unsigned)context->protocol.size;
    }
    if (size && size <= sizeof protocol->ProtocolId) {
        protocol->ProtoNegoStatus = SecApplicationProtocolNegotiationStatus_Success;
        protocol->ProtoNegoExt = SecApplicationProtocolNegotiationExt_ALPN;
        protocol->ProtocolIdSize = (UCHAR)size;
        memcpy(protocol->ProtocolId, name, size);
    }
    value->blob = bytes_of(protocol, sizeof *protocol);
    return SEC_E_OK;
}

void schannel_describe(struct context *base, char *text, size_t size)
{
    const struct schannel_context *context = (const struct schannel_context *)base;
    const X509 *peer = schannel_peer(context);
    char subject[160] = "";

    if (peer)
        X509_NAME_oneline(X509_get_subject_name(peer), subject, sizeof subject);
    BIO_snprintf(text, size, "%s%sSchannel: %s with %s%s%s%s%s%s", context->peer_name ? context->peer_name : "",
                 context->peer_name ? " by " : "", SSL_get_version(context->ssl),
                 SSL_CIPHER_get_name(SSL_get_current_cipher(context->ssl)), peer ? ", peer's certificate " : "",
                 subject, SSL_session_reused(context->ssl) ? ", resumed" : "", context->nameless ? "; " : "",
                 context->nameless ? context->nameless : "");
}
