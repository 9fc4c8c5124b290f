/*
 * Fills stores of certificates from bytes and files.
 */
#include "certificate/file.h"
#include "certificate/folder.h"
#include "certificate/load.h"
#include "certificate/openssl.h"
#include "certificate/pem.h"
#include "certificate/store.h"

struct filling {
    struct certificate_store *store;
    const char *where;
};

static SECURITY_STATUS x509_add(const struct filling *filling, X509 *x509, struct failure *failure)
{
    struct certificate *certificate;
    SECURITY_STATUS status = certificate_new(x509, NULL, NULL, filling->where, &certificate, failure);

    if (status != SEC_E_OK)
        return status;
    if (!certificate_store_add(filling->store, certificate))
        status = failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a store");
    certificate_release(certificate);
    return status;
}

static SECURITY_STATUS block_add(void *argument, struct pem_block *block, struct failure *failure)
{
    const struct filling *filling = argument;
    SECURITY_STATUS status;
    X509 *x509;

    if (!pem_is_certificate(block))
        return SEC_E_OK;
    x509 = load_x509(pem_content(block));
    if (!x509)
        return certificate_unusable(failure, filling->where, "a certificate in it is damaged");
    status = x509_add(filling, x509, failure);
    X509_free(x509);
    return status;
}

/* The leaf with its key, and the others as certificates of their own. */
static SECURITY_STATUS single_add(const struct filling *filling, struct bytes content, struct bytes password,
                                  struct failure *failure)
{
    const struct certificate_source source = {.where = filling->where, .content = content, .password = password};
    struct certificate *certificate;
    SECURITY_STATUS status = certificate_load(&source, &certificate, failure);

    if (status != SEC_E_OK)
        return status;
    if (!certificate_store_add(filling->store, certificate))
        status = failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a store");
    for (int i = 0; status == SEC_E_OK && i < sk_X509_num(certificate->chain); i++)
        status = x509_add(filling, sk_X509_value(certificate->chain, i), failure);
    certificate_release(certificate);
    return status;
}

SECURITY_STATUS certificate_store_load(struct certificate_store *store, struct bytes content, const char *where,
                                       struct bytes password, struct failure *failure)
{
    struct filling filling = {store, where ? where : "in memory"};
    SECURITY_STATUS status;

    if (content.size > CERTIFICATE_TRUST_LIMIT)
        return certificate_unusable(failure, filling.where, "is larger than 16 MiB");
    openssl_enter();
    if (content_is_pem(content))
        status = pem_each(content, filling.where, block_add, &filling, failure);
    else
        status = single_add(&filling, content, password, failure);
    openssl_leave();
    return status;
}

static SECURITY_STATUS file_load(void *argument, const char *path, struct failure *failure)
{
    struct secret content;
    SECURITY_STATUS status = certificate_file_read(path, CERTIFICATE_TRUST_LIMIT, file_never_secret, &content, failure);

    if (status != SEC_E_OK)
        return status;
    status = certificate_store_load(argument, bytes_of(content.data, content.size), path, (struct bytes){0}, failure);
    secret_clear(&content);
    return status;
}

SECURITY_STATUS certificate_store_load_path(struct certificate_store *store, const char *path, struct failure *failure)
{
    return folder_each(path, file_load, store, failure);
}
