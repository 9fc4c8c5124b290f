/*
 * Trust anchors. Everything in a file must be readable: an authority left out in silence would be missed at the wrong
 * moment.
 */
#include "certificate/trust.h"

#include "certificate/file.h"
#include "certificate/folder.h"
#include "certificate/load.h"
#include "certificate/openssl.h"
#include "certificate/pem.h"
#include "crypto/library.h"

static SECURITY_STATUS unusable(struct failure *failure, const char *where, const char *why)
{
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE, "trust anchors %s: %s", where, why);
}

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for trust anchors");
}

X509_STORE *trust_new(void)
{
    return X509_STORE_new();
}

static SECURITY_STATUS der_add(X509_STORE *store, struct bytes der, const char *where, struct failure *failure)
{
    X509 *x509 = load_x509(der);
    SECURITY_STATUS status;

    if (!x509)
        return unusable(failure, where, "a certificate in it is damaged");
    status = X509_STORE_add_cert(store, x509) == 1 ? SEC_E_OK : no_memory(failure);
    X509_free(x509);
    return status;
}

static SECURITY_STATUS crl_add(X509_STORE *store, struct bytes der, const char *where, struct failure *failure)
{
    X509_CRL *crl = X509_CRL_new_ex(crypto_library()->context, NULL);
    const uint8_t *place = der.data;
    SECURITY_STATUS status;

    if (!crl || !d2i_X509_CRL(&crl, &place, (long)der.size)) {
        X509_CRL_free(crl);
        return unusable(failure, where, "a CRL in it is damaged");
    }
    status = X509_STORE_add_crl(store, crl) == 1 ? SEC_E_OK : no_memory(failure);
    X509_CRL_free(crl);
    return status;
}

struct adding {
    X509_STORE *store;
    const char *where;
};

static SECURITY_STATUS block_add(void *argument, struct pem_block *block, struct failure *failure)
{
    const struct adding *adding = argument;

    if (pem_is_certificate(block))
        return der_add(adding->store, pem_content(block), adding->where, failure);
    if (pem_is_crl(block))
        return crl_add(adding->store, pem_content(block), adding->where, failure);
    return SEC_E_OK;
}

static int objects(X509_STORE *store)
{
    return sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
}

static SECURITY_STATUS content_add(X509_STORE *store, struct bytes content, const char *where, struct failure *failure)
{
    struct adding adding = {store, where};
    const int before = objects(store);
    SECURITY_STATUS status;

    if (!content_is_pem(content))
        return der_add(store, content, where, failure);
    status = pem_each(content, where, block_add, &adding, failure);
    if (status == SEC_E_OK && objects(store) == before)
        return unusable(failure, where, "holds no certificate");
    return status;
}

SECURITY_STATUS trust_add_bytes(X509_STORE *store, struct bytes content, const char *where, struct failure *failure)
{
    SECURITY_STATUS status;

    if (content.size > CERTIFICATE_TRUST_LIMIT)
        return unusable(failure, where, "is larger than 16 MiB");
    openssl_enter();
    status = content_add(store, content, where, failure);
    openssl_leave();
    return status;
}

static SECURITY_STATUS file_add(void *argument, const char *path, struct failure *failure)
{
    struct secret content;
    SECURITY_STATUS status = certificate_file_read(path, CERTIFICATE_TRUST_LIMIT, file_never_secret, &content, failure);

    if (status != SEC_E_OK)
        return status;
    status = trust_add_bytes(argument, bytes_of(content.data, content.size), path, failure);
    secret_clear(&content);
    return status;
}

SECURITY_STATUS trust_add_path(X509_STORE *store, const char *path, struct failure *failure)
{
    return folder_each(path, file_add, store, failure);
}

SECURITY_STATUS trust_add_store(X509_STORE *store, struct certificate_store *certificates, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;
    struct certificate *certificate;
    size_t index = 0;

    openssl_enter();
    while (status == SEC_E_OK && (certificate = certificate_store_find(certificates, NULL, NULL, &index)) != NULL) {
        status = X509_STORE_add_cert(store, certificate->x509) == 1 ? SEC_E_OK : no_memory(failure);
        certificate_release(certificate);
        index++;
    }
    openssl_leave();
    return status;
}

/*
 * OpenSSL's file and its folder by hash. Its third way, X509_LOOKUP_store(), is the same folder again, and reads all of
 * it for each issuer that is not there: for every certificate whose issuer the server sent.
 */
static bool default_places_add(X509_STORE *store)
{
    X509_LOOKUP *file = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    X509_LOOKUP *folder = file ? X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir()) : NULL;

    if (!folder)
        return false;
    /* A system need not have both of them. */
    (void)X509_LOOKUP_load_file_ex(file, NULL, X509_FILETYPE_DEFAULT, crypto_library()->context, NULL);
    return X509_LOOKUP_add_dir(folder, NULL, X509_FILETYPE_DEFAULT) == 1;
}

SECURITY_STATUS trust_add_system(X509_STORE *store, struct failure *failure)
{
    bool ok;

    openssl_enter();
    ok = default_places_add(store);
    openssl_leave();
    return ok ? SEC_E_OK : unusable(failure, "of the system", "OpenSSL cannot open its folder of them");
}

size_t trust_crls(X509_STORE *store)
{
    STACK_OF(X509_OBJECT) *held = X509_STORE_get0_objects(store);
    size_t count = 0;

    for (int i = 0; i < sk_X509_OBJECT_num(held); i++)
        count += X509_OBJECT_get_type(sk_X509_OBJECT_value(held, i)) == X509_LU_CRL;
    return count;
}
