/*
 * PKCS#12 (RFC 7292): certificate, chain and key in one file that a password protects.
 */
#include <openssl/pkcs12.h>

#include "base/memory.h"
#include "certificate/load.h"
#include "certificate/openssl.h"
#include "crypto/library.h"

static PKCS12 *decode(struct bytes content)
{
    PKCS12 *archive = PKCS12_init_ex(NID_pkcs7_data, crypto_library()->context, NULL);
    BIO *bytes = BIO_new_mem_buf(content.data, (int)content.size);

    if (archive && bytes && !d2i_PKCS12_bio(bytes, &archive))
        archive = NULL; /* freed by the decoder */
    BIO_free(bytes);
    return archive;
}

/* Without a MAC a wrong password would show as damage; and a count without bound would hold the processor for hours. */
static const char *mac_refusal(const PKCS12 *archive)
{
    const ASN1_OCTET_STRING *mac = NULL;
    const ASN1_INTEGER *count = NULL;

    PKCS12_get0_mac(&mac, NULL, NULL, &count, archive);
    if (!mac)
        return "the PKCS#12 file has no MAC";
    return count && !load_iterations_bearable(count) ? "the PKCS#12 file wants too many iterations of its password"
                                                     : NULL;
}

static SECURITY_STATUS open_archive(PKCS12 *archive, const char *where, const char *password,
                                    struct certificate_parts *parts, struct failure *failure)
{
    EVP_PKEY *key = NULL;
    STACK_OF(X509) *others = NULL;

    const char *refusal = mac_refusal(archive);

    if (refusal)
        return certificate_unusable(failure, where, refusal);
    if (PKCS12_parse(archive, password, &key, &parts->leaf, &others) != 1)
        return certificate_unusable(failure, where, "the password of the PKCS#12 file is wrong, or it is damaged");
    if (parts->key)
        EVP_PKEY_free(key); /* a key of its own file was given */
    else
        parts->key = key;
    parts->chain = others;
    if (!parts->leaf)
        return certificate_unusable(failure, where, "the PKCS#12 file holds no certificate with its key");
    if (others && sk_X509_num(others) > CERTIFICATE_CHAIN_LIMIT)
        return certificate_unusable(failure, where, "holds more than 32 certificates behind the first");
    return SEC_E_OK;
}

SECURITY_STATUS load_pkcs12(const struct certificate_source *source, struct certificate_parts *parts,
                            struct failure *failure)
{
    struct secret password = {0};
    PKCS12 *archive;
    SECURITY_STATUS status;
    uint8_t *text = mem_zalloc(source->password.size + 1);

    if (!text)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a password");
    for (size_t i = 0; i < source->password.size; i++)
        text[i] = source->password.data[i];
    password = (struct secret){text, source->password.size + 1};
    archive = decode(source->content);
    status = archive ? open_archive(archive, source->where, (const char *)text, parts, failure)
                     : certificate_unusable(failure, source->where, "the PKCS#12 file is damaged");
    PKCS12_free(archive);
    secret_clear(&password);
    return status;
}
