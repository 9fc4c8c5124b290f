/*
 * PEM (RFC 7468): certificates and private keys, also the encrypted forms. Block by block, so that the explanation can
 * tell a wrong password from a damaged file.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "base/memory.h"
#include "certificate/load.h"
#include "certificate/openssl.h"
#include "crypto/library.h"

/* One block, in memory of OpenSSL's. */
struct pem_block {
    char *name;
    char *header;
    uint8_t *data;
    long size;
};

static void block_clear(struct pem_block *block)
{
    if (block->data)
        secret_wipe(block->data, (size_t)block->size);
    OPENSSL_free(block->data);
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    *block = (struct pem_block){0};
}

static bool named(const struct pem_block *block, const char *name)
{
    return strcmp(block->name, name) == 0;
}

static bool is_certificate(const struct pem_block *block)
{
    return named(block, PEM_STRING_X509) || named(block, PEM_STRING_X509_OLD);
}

static bool is_key(const struct pem_block *block)
{
    const size_t size = strlen(block->name), ending = strlen("PRIVATE KEY");

    return size >= ending && strcmp(block->name + size - ending, "PRIVATE KEY") == 0;
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

/* "ENCRYPTED PRIVATE KEY", RFC 5958, 3. */
static EVP_PKEY *key_decrypt(const uint8_t *data, long size, struct bytes password)
{
    X509_SIG *sealed = d2i_X509_SIG(NULL, &data, size);
    PKCS8_PRIV_KEY_INFO *plain = NULL;
    EVP_PKEY *key = NULL;

    if (sealed)
        plain =
            PKCS8_decrypt_ex(sealed, (const char *)password.data, (int)password.size, crypto_library()->context, NULL);
    if (plain)
        key = EVP_PKCS82PKEY_ex(plain, crypto_library()->context, NULL);
    PKCS8_PRIV_KEY_INFO_free(plain);
    X509_SIG_free(sealed);
    return key;
}

static EVP_PKEY *key_plain(const uint8_t *data, long size)
{
    return d2i_AutoPrivateKey_ex(NULL, &data, size, crypto_library()->context, NULL);
}

/* The old form, with its cipher in the block's header (RFC 1421): decrypts in place. */
static bool old_form_decrypt(struct pem_block *block, struct bytes *password)
{
    EVP_CIPHER_INFO cipher;

    return PEM_get_EVP_CIPHER_INFO(block->header, &cipher) == 1
           && PEM_do_header(&cipher, block->data, &block->size, password_give, password) == 1;
}

static SECURITY_STATUS key_read(const char *where, struct pem_block *block, struct bytes password, EVP_PKEY **key,
                                struct failure *failure)
{
    const bool modern = named(block, PEM_STRING_PKCS8);
    const bool sealed = modern || block->header[0];
    char why[OPENSSL_TEXT_SIZE + 64] = "the private key is damaged: ";

    if (sealed && !password.data)
        return certificate_unusable(failure, where, "the private key is encrypted and no password was given");
    if (modern)
        *key = key_decrypt(block->data, block->size, password);
    else if (!sealed || old_form_decrypt(block, &password))
        *key = key_plain(block->data, block->size);
    if (*key)
        return SEC_E_OK;
    if (sealed)
        return certificate_unusable(failure, where, "the password of the private key is wrong, or it is damaged");
    openssl_reason(why + strlen(why));
    return certificate_unusable(failure, where, why);
}

static SECURITY_STATUS certificate_read(const char *where, const struct pem_block *block,
                                        struct certificate_parts *parts, struct failure *failure)
{
    X509 *x509;

    if (parts->chain && sk_X509_num(parts->chain) >= CERTIFICATE_CHAIN_LIMIT)
        return certificate_unusable(failure, where, "holds more than 32 certificates behind the first");
    x509 = load_x509(bytes_of(block->data, (size_t)block->size));
    if (!x509)
        return certificate_unusable(failure, where, "a certificate in it is damaged");
    if (!certificate_parts_add(parts, x509))
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                           "no memory for a certificate");
    return SEC_E_OK;
}

/* One block at a time; unknown ones (parameters, requests) are passed over. */
static SECURITY_STATUS block_read(const struct certificate_source *source, struct pem_block *block,
                                  struct certificate_parts *parts, struct failure *failure)
{
    if (is_certificate(block))
        return certificate_read(source->where, block, parts, failure);
    if (is_key(block) && !parts->key)
        return key_read(source->where, block, source->password, &parts->key, failure);
    return SEC_E_OK;
}

/* The end of a PEM text is the error that there is no further beginning. */
static bool at_end(void)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static SECURITY_STATUS blocks_read(const struct certificate_source *source, BIO *text, struct certificate_parts *parts,
                                   struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;
    char why[OPENSSL_TEXT_SIZE + 64] = "its PEM text is damaged: ";

    while (status == SEC_E_OK) {
        struct pem_block block = {0};

        if (PEM_read_bio(text, &block.name, &block.header, &block.data, &block.size) != 1) {
            if (at_end())
                return SEC_E_OK;
            openssl_reason(why + strlen(why));
            return certificate_unusable(failure, source->where, why);
        }
        status = block_read(source, &block, parts, failure);
        block_clear(&block);
    }
    return status;
}

static SECURITY_STATUS text_read(const struct certificate_source *source, struct certificate_parts *parts,
                                 struct failure *failure)
{
    BIO *text = BIO_new_mem_buf(source->content.data, (int)source->content.size);
    SECURITY_STATUS status;

    if (!text)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                           "no memory for a certificate");
    status = blocks_read(source, text, parts, failure);
    BIO_free(text);
    return status;
}

SECURITY_STATUS load_pem(const struct certificate_source *source, struct certificate_parts *parts,
                         struct failure *failure)
{
    SECURITY_STATUS status = text_read(source, parts, failure);

    if (status == SEC_E_OK && !parts->leaf)
        return certificate_unusable(failure, source->where, "holds no certificate");
    return status;
}

static SECURITY_STATUS key_of_der(const char *where, struct bytes content, struct bytes password, EVP_PKEY **key,
                                  struct failure *failure)
{
    *key = key_plain(content.data, (long)content.size);
    if (!*key && password.data)
        *key = key_decrypt(content.data, (long)content.size, password);
    if (*key)
        return SEC_E_OK;
    return certificate_unusable(failure, where, "is no private key in PEM or DER, or its password is wrong");
}

SECURITY_STATUS load_key(const char *where, struct bytes content, struct bytes password, EVP_PKEY **key,
                         struct failure *failure)
{
    const struct certificate_source source = {.where = where, .content = content, .password = password};
    struct certificate_parts parts = {0};
    SECURITY_STATUS status;

    *key = NULL;
    if (!content_is_pem(content))
        return key_of_der(where, content, password, key, failure);
    status = text_read(&source, &parts, failure);
    if (status == SEC_E_OK && !parts.key)
        status = certificate_unusable(failure, where, "holds no private key");
    if (status == SEC_E_OK) {
        *key = parts.key;
        parts.key = NULL;
    }
    certificate_parts_clear(&parts);
    return status;
}
