/*
 * Certificates that a program names by their hash. In the place of Windows' store of the machine stands what option
 * tls_certificate names, so a hash is looked up when the options are closed. The names of Windows' stores mean nothing
 * here: the hash alone tells which certificate it is.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "certificate/name.h"
#include "schannel/credential.h"

_Static_assert(sizeof(struct schannel_hash) == CERTIFICATE_HASH_SIZE, "one kind of hash");

SECURITY_STATUS schannel_hash_take(struct schannel_credential *credential, DWORD format, const void *given,
                                   struct failure *failure)
{
    const SCHANNEL_CERT_HASH *hash = given; /* the other form begins with the same members */
    const size_t size =
        format == SCH_CRED_FORMAT_CERT_HASH ? sizeof(SCHANNEL_CERT_HASH) : sizeof(SCHANNEL_CERT_HASH_STORE);
    struct schannel_hash *longer;

    if (!hash || hash->dwLength != size)
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE,
                           "pAuthData: paCred holds NULL, or a hash whose dwLength is not the size of its structure");
    longer = mem_array(credential->hash_count + 1, sizeof *longer);
    if (!longer)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a credential");
    for (size_t i = 0; i < credential->hash_count; i++)
        longer[i] = credential->hashes[i];
    memcpy(longer[credential->hash_count++].sha1, hash->ShaHash, sizeof longer->sha1);
    mem_free(credential->hashes);
    credential->hashes = longer;
    return SEC_E_OK;
}

void schannel_hashes_drop(struct schannel_credential *credential)
{
    mem_free(credential->hashes);
    credential->hashes = NULL;
    credential->hash_count = 0;
}

/* One hash that is looked for. */
struct search {
    const struct schannel_hash *hash;
    struct certificate *found; /* a reference, or NULL */
};

static SECURITY_STATUS certificate_compare(void *argument, struct certificate *certificate, struct failure *failure)
{
    struct search *search = argument;
    struct schannel_hash hash;

    if (!certificate_hash(certificate, hash.sha1))
        return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE, "OpenSSL has no SHA-1");
    if (!search->found && memcmp(hash.sha1, search->hash->sha1, sizeof hash.sha1) == 0)
        search->found = certificate_retain(certificate);
    return SEC_E_OK;
}

static SECURITY_STATUS not_found(const struct schannel_credential *credential, const struct schannel_hash *hash,
                                 struct failure *failure)
{
    const char *store = credential->base.settings.tls_certificate;
    char text[2 * sizeof hash->sha1 + 1];

    for (size_t i = 0; i < sizeof hash->sha1; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", hash->sha1[i]);
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                       "the program wants the certificate with the SHA-1 hash %s, which is not in tls_certificate (%s)",
                       text, store ? store : "not set");
}

static SECURITY_STATUS hash_resolve(struct schannel_credential *credential, const struct schannel_hash *hash,
                                    struct failure *failure)
{
    struct search search = {hash, NULL};
    SECURITY_STATUS status =
        certificate_configured_each(&credential->base.settings, certificate_compare, &search, failure);

    if (status == SEC_E_OK && !search.found)
        status = not_found(credential, hash, failure);
    else if (status == SEC_E_OK && !schannel_credential_add(credential, search.found))
        status =
            failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a credential");
    certificate_release(search.found);
    return status;
}

/* All or none, so that a second try begins anew. */
SECURITY_STATUS schannel_hashes_resolve(struct schannel_credential *credential, struct failure *failure)
{
    const size_t before = credential->certificate_count;
    SECURITY_STATUS status = SEC_E_OK;

    for (size_t i = 0; i < credential->hash_count && status == SEC_E_OK; i++)
        status = hash_resolve(credential, &credential->hashes[i], failure);
    if (status == SEC_E_OK)
        schannel_hashes_drop(credential);
    while (status != SEC_E_OK && credential->certificate_count > before)
        certificate_release(credential->certificates[--credential->certificate_count]);
    return status;
}
