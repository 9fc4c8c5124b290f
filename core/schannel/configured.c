/*
 * What the operator configured for TLS: certificates, trust, stapled response, key log. Read when the SSL_CTX is made;
 * a new credential reads it anew, so that a server gets a renewed certificate without a restart.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificate/file.h"
#include "certificate/trust.h"
#include "schannel/credential.h"

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a credential");
}

static SECURITY_STATUS certificate_take(void *argument, struct certificate *certificate, struct failure *failure)
{
    struct schannel_credential *credential = argument;

    if (credential->certificate_count >= SCH_CRED_MAX_SUPPORTED_CERTS)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                           "option tls_certificate: there are more than 100 certificates");
    return schannel_credential_add(credential, certificate) ? SEC_E_OK : no_memory(failure);
}

static SECURITY_STATUS response_take(struct schannel_credential *credential, struct failure *failure)
{
    const char *path = credential->base.settings.tls_ocsp_response;
    struct secret response;
    SECURITY_STATUS status;

    if (!path || !credential->certificate_count)
        return SEC_E_OK;
    status = certificate_file_read(path, CERTIFICATE_OCSP_LIMIT, file_never_secret, &response, failure);
    if (status != SEC_E_OK)
        return status;
    status = certificate_ocsp_set(credential->certificates[0], bytes_of(response.data, response.size), failure);
    secret_clear(&response);
    return status;
}

/* A client trusts the system's authorities unless told otherwise; a server nobody. */
static SECURITY_STATUS trust_take(struct schannel_credential *credential, bool acceptor, struct failure *failure)
{
    const char *said = credential->base.settings.tls_trust;
    const bool system = said ? strcmp(said, "system") == 0 : !acceptor;
    SECURITY_STATUS status;

    if (credential->trust || (!said && !system))
        return SEC_E_OK;
    credential->trust = trust_new();
    if (!credential->trust)
        return no_memory(failure);
    status = system ? trust_add_system(credential->trust, failure) : trust_add_path(credential->trust, said, failure);
    credential->trust_is_listed = !system;
    if (status == SEC_E_OK)
        return SEC_E_OK;
    X509_STORE_free(credential->trust);
    credential->trust = NULL;
    return status;
}

/* One that somebody made beforehand for us to fill. NULL: nobody else reads it. */
static const char *key_log_fault(int descriptor)
{
    struct stat file;

    if (fstat(descriptor, &file) != 0)
        return strerror(errno);
    if (!S_ISREG(file.st_mode))
        return "is not a regular file";
    if (file.st_uid != 0 && file.st_uid != geteuid())
        return "belongs to another user";
    return file.st_mode & 0137 ? "others may read or write it; run: chmod 600, or 640 for a group" : NULL;
}

static SECURITY_STATUS key_log_open(struct schannel_credential *credential, struct failure *failure)
{
    const char *path = credential->base.settings.insecure_tls_key_log;

    const char *fault;

    if (!path || credential->key_log >= 0)
        return SEC_E_OK;
    credential->key_log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    fault = credential->key_log >= 0 ? key_log_fault(credential->key_log) : strerror(errno);
    if (!fault)
        return SEC_E_OK;
    if (credential->key_log >= 0)
        close(credential->key_log);
    credential->key_log = -1;
    return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                       "option insecure_tls_key_log: %s: %s", path, fault);
}

SECURITY_STATUS schannel_configured_take(struct schannel_credential *credential, bool acceptor, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;

    if (credential->hash_count)
        status = schannel_hashes_resolve(credential, failure);
    else if (!credential->certificate_count)
        status = certificate_configured_each(&credential->base.settings, certificate_take, credential, failure);
    if (status == SEC_E_OK)
        status = response_take(credential, failure);
    if (status == SEC_E_OK)
        status = trust_take(credential, acceptor, failure);
    if (status == SEC_E_OK)
        status = key_log_open(credential, failure);
    return status;
}
