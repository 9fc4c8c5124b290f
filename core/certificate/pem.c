/*
 * Walks PEM text for the loaders of certificates, keys and trust anchors.
 */
#include "certificate/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/secret.h"
#include "certificate/load.h"
#include "certificate/openssl.h"

static bool named(const struct pem_block *block, const char *name)
{
    return strcmp(block->name, name) == 0;
}

bool pem_is_certificate(const struct pem_block *block)
{
    return named(block, PEM_STRING_X509) || named(block, PEM_STRING_X509_OLD);
}

bool pem_is_crl(const struct pem_block *block)
{
    return named(block, PEM_STRING_X509_CRL);
}

bool pem_is_key(const struct pem_block *block)
{
    const size_t size = strlen(block->name), ending = strlen("PRIVATE KEY");

    return size >= ending && strcmp(block->name + size - ending, "PRIVATE KEY") == 0;
}

static void block_clear(struct pem_block *block)
{
    if (block->data)
        secret_wipe(block->data, (size_t)block->size);
    OPENSSL_free(block->data);
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    *block = (struct pem_block){0};
}

/* The end of a PEM text is the error that there is no further beginning. */
static bool at_end(void)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

SECURITY_STATUS pem_each(struct bytes text, const char *where, pem_visit *visit, void *argument,
                         struct failure *failure)
{
    BIO *source = BIO_new_mem_buf(text.data, (int)text.size);
    SECURITY_STATUS status = SEC_E_OK;
    char why[OPENSSL_TEXT_SIZE + 64] = "its PEM text is damaged: ";

    if (!source)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                           "no memory for a certificate");
    while (status == SEC_E_OK) {
        struct pem_block block = {0};

        if (PEM_read_bio(source, &block.name, &block.header, &block.data, &block.size) != 1)
            break;
        status = visit(argument, &block, failure);
        block_clear(&block);
    }
    if (status == SEC_E_OK && !at_end()) {
        openssl_reason(why + strlen(why));
        status = certificate_unusable(failure, where, why);
    }
    BIO_free(source);
    return status;
}
