/*
 * Private keys: PKCS#8 (RFC 5958), plain and encrypted, and the older forms of RSA (RFC 8017, A.1.2) and EC (RFC 5915).
 * Only the kinds that TLS signs with are decoded: of a DSA or DH key OpenSSL would compute the public half first, from
 * numbers as large as the file.
 */
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "base/der.h"
#include "certificate/load.h"
#include "certificate/openssl.h"
#include "certificate/pem.h"
#include "certificate/work.h"
#include "crypto/library.h"

bool load_kind_known(const PKCS8_PRIV_KEY_INFO *plain)
{
    const ASN1_OBJECT *algorithm = NULL;

    if (PKCS8_pkey_get0(&algorithm, NULL, NULL, NULL, plain) != 1)
        return false;
    switch (OBJ_obj2nid(algorithm)) {
    case NID_rsaEncryption:
    case NID_rsassaPss:
    case NID_X9_62_id_ecPublicKey:
    case NID_ED25519:
    case NID_ED448:
        return true;
    default:
        return false;
    }
}

static EVP_PKEY *key_of(const PKCS8_PRIV_KEY_INFO *plain)
{
    return load_kind_known(plain) ? EVP_PKCS82PKEY_ex(plain, crypto_library()->context, NULL) : NULL;
}

static const char unbearable[] = "the password of the private key is hashed too often, or in a way that is not known";

/* "ENCRYPTED PRIVATE KEY", RFC 5958, 3. */
static EVP_PKEY *key_decrypt(const uint8_t *data, long size, struct bytes password, bool *bearable)
{
    X509_SIG *sealed = d2i_X509_SIG(NULL, &data, size);
    PKCS8_PRIV_KEY_INFO *plain = NULL;
    const X509_ALGOR *algorithm = NULL;
    struct work work = {0};
    EVP_PKEY *key = NULL;

    if (sealed)
        X509_SIG_get0(sealed, &algorithm, NULL);
    *bearable = !algorithm || work_take_of(&work, algorithm);
    if (algorithm && *bearable)
        plain =
            PKCS8_decrypt_ex(sealed, (const char *)password.data, (int)password.size, crypto_library_widest(), NULL);
    if (plain)
        key = key_of(plain);
    PKCS8_PRIV_KEY_INFO_free(plain);
    X509_SIG_free(sealed);
    return key;
}

/* Both older forms begin with a version; behind it EC has octets, RSA a number. */
static EVP_PKEY *key_older(const uint8_t *data, long size)
{
    struct cursor in = cursor_over(bytes_of(data, (size_t)size)), inner;
    int64_t version;
    int kind;

    if (!der_enter(&in, DER_SEQUENCE, &inner) || !der_integer(&inner, DER_INTEGER, &version))
        return NULL;
    kind = der_next_tag(&inner) == DER_OCTET_STRING ? EVP_PKEY_EC : EVP_PKEY_RSA;
    return d2i_PrivateKey_ex(kind, NULL, &data, size, crypto_library()->context, NULL);
}

static EVP_PKEY *key_plain(const uint8_t *data, long size)
{
    const uint8_t *place = data;
    PKCS8_PRIV_KEY_INFO *plain = d2i_PKCS8_PRIV_KEY_INFO(NULL, &place, size);
    EVP_PKEY *key = plain ? key_of(plain) : key_older(data, size);

    PKCS8_PRIV_KEY_INFO_free(plain);
    return key;
}

/* The password for OpenSSL's callbacks: what it is given must end where `size` says. */
static int password_give(char *out, int size, int writing, void *argument)
{
    const struct bytes *password = argument;

    (void)writing;
    if (!password->data || password->size > (size_t)size)
        return -1;
    for (size_t i = 0; i < password->size; i++)
        out[i] = (char)password->data[i];
    return (int)password->size;
}

/* The old form, with its cipher in the block's header (RFC 1421): decrypts in place. */
static bool old_form_decrypt(struct pem_block *block, struct bytes *password)
{
    EVP_CIPHER_INFO cipher;

    return PEM_get_EVP_CIPHER_INFO(block->header, &cipher) == 1
           && PEM_do_header(&cipher, block->data, &block->size, password_give, password) == 1;
}

SECURITY_STATUS load_key_block(const char *where, struct pem_block *block, struct bytes password, EVP_PKEY **key,
                               struct failure *failure)
{
    const bool modern = strcmp(block->name, PEM_STRING_PKCS8) == 0;
    const bool sealed = modern || block->header[0];
    bool bearable = true;
    char why[OPENSSL_TEXT_SIZE + 64] = "the private key is damaged, or not RSA, EC, Ed25519 or Ed448: ";

    if (sealed && !password.data)
        return certificate_unusable(failure, where, "the private key is encrypted and no password was given");
    if (modern)
        *key = key_decrypt(block->data, block->size, password, &bearable);
    else if (!sealed || old_form_decrypt(block, &password))
        *key = key_plain(block->data, block->size);
    if (*key)
        return SEC_E_OK;
    if (!bearable)
        return certificate_unusable(failure, where, unbearable);
    if (sealed)
        return certificate_unusable(failure, where, "the password of the private key is wrong, or it is damaged");
    openssl_reason(why + strlen(why));
    return certificate_unusable(failure, where, why);
}

SECURITY_STATUS load_key_der(const char *where, struct bytes content, struct bytes password, EVP_PKEY **key,
                             struct failure *failure)
{
    bool bearable = true;

    *key = key_plain(content.data, (long)content.size);
    if (!*key && password.data)
        *key = key_decrypt(content.data, (long)content.size, password, &bearable);
    if (*key)
        return SEC_E_OK;
    if (!bearable)
        return certificate_unusable(failure, where, unbearable);
    return certificate_unusable(failure, where, "is no private key in PEM or DER, or its password is wrong");
}
