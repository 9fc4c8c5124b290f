/*
 * What the operator configured for TLS: certificates, trust, stapled response, key log. Read when the SSL_CTX is made;
 * a new credential reads it anew, so that a server gets a renewed certificate without a restart.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "certificate/file.h"
#include "certificate/trust.h"
#include "schannel/credential.h"

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a credential");
}

/* The first line of the file. */
static SECURITY_STATUS password_read(const struct settings *settings, struct secret *password, struct failure *failure)
{
    SECURITY_STATUS status;
    size_t size = 0;

    *password = (struct secret){0};
    if (!settings->tls_password_file)
        return SEC_E_OK;
    status = certificate_file_read(settings->tls_password_file, CERTIFICATE_PASSWORD_LIMIT, file_always_secret,
                                   password, failure);
    if (status != SEC_E_OK)
        return status;
    while (size < password->size && password->data[size] != '\n' && password->data[size] != '\r')
        size++;
    secret_wipe(password->data + size, password->size - size);
    password->size = size;
    return SEC_E_OK;
}

static SECURITY_STATUS file_take(struct schannel_credential *credential, const char *path, struct bytes password,
                                 struct failure *failure)
{
    struct certificate *certificate;
    SECURITY_STATUS status =
        certificate_load_file(path, credential->base.settings.tls_private_key, password, true, &certificate, failure);

    if (status != SEC_E_OK)
        return status;
    if (!schannel_credential_add(credential, certificate))
        status = no_memory(failure);
    certificate_release(certificate);
    return status;
}

#define FOLDER_MOST SCH_CRED_MAX_SUPPORTED_CERTS

/* Names of a folder, hidden ones aside. */
struct names {
    char *rows[FOLDER_MOST];
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_clear(struct names *names)
{
    while (names->count)
        mem_free(names->rows[--names->count]);
}

/* In alphabetical order, so that the default does not depend on the file system. */
static SECURITY_STATUS names_read(DIR *folder, const char *path, struct names *names, struct failure *failure)
{
    struct dirent *entry;

    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (names->count == FOLDER_MOST)
            return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                               "certificates %s: the folder holds more than 100 files", path);
        names->rows[names->count] = mem_strdup(entry->d_name);
        if (!names->rows[names->count])
            return no_memory(failure);
        names->count++;
    }
    qsort(names->rows, names->count, sizeof names->rows[0], by_name);
    return SEC_E_OK;
}

static SECURITY_STATUS entry_take(struct schannel_credential *credential, const char *folder, const char *name,
                                  struct bytes password, struct failure *failure)
{
    char path[4096];
    struct stat file;
    int size = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (size < 0 || (size_t)size >= sizeof path || stat(path, &file) != 0)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE, "certificate %s/%s: %s", folder,
                           name, strerror(errno));
    return S_ISREG(file.st_mode) ? file_take(credential, path, password, failure) : SEC_E_OK;
}

static SECURITY_STATUS folder_take(struct schannel_credential *credential, const char *path, struct bytes password,
                                   struct failure *failure)
{
    struct names names = {.count = 0};
    DIR *folder = opendir(path);
    SECURITY_STATUS status;

    if (!folder)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE, "certificates %s: %s", path,
                           strerror(errno));
    status = names_read(folder, path, &names, failure);
    closedir(folder);
    for (size_t i = 0; i < names.count && status == SEC_E_OK; i++)
        status = entry_take(credential, path, names.rows[i], password, failure);
    names_clear(&names);
    if (status == SEC_E_OK && !credential->certificate_count)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                           "certificates %s: the folder holds no file", path);
    return status;
}

static SECURITY_STATUS certificates_take(struct schannel_credential *credential, struct failure *failure)
{
    const struct settings *settings = &credential->base.settings;
    struct secret password;
    struct stat file;
    SECURITY_STATUS status;
    bool folder;

    if (credential->certificate_count || !settings->tls_certificate)
        return SEC_E_OK;
    folder = stat(settings->tls_certificate, &file) == 0 && S_ISDIR(file.st_mode);
    if (folder && settings->tls_private_key)
        return failure_set(
            failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
            "option tls_private_key: with a folder of certificates each key is in its certificate's file");
    status = password_read(settings, &password, failure);
    if (status == SEC_E_OK)
        status = (folder ? folder_take : file_take)(credential, settings->tls_certificate,
                                                    bytes_of(password.data, password.size), failure);
    secret_clear(&password);
    return status;
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

static SECURITY_STATUS key_log_open(struct schannel_credential *credential, struct failure *failure)
{
    const char *path = credential->base.settings.insecure_tls_key_log;

    if (!path || credential->key_log >= 0)
        return SEC_E_OK;
    credential->key_log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (credential->key_log >= 0)
        return SEC_E_OK;
    return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                       "option insecure_tls_key_log: %s: %s", path, strerror(errno));
}

SECURITY_STATUS schannel_configured_take(struct schannel_credential *credential, bool acceptor, struct failure *failure)
{
    SECURITY_STATUS status = certificates_take(credential, failure);

    if (status == SEC_E_OK)
        status = response_take(credential, failure);
    if (status == SEC_E_OK)
        status = trust_take(credential, acceptor, failure);
    if (status == SEC_E_OK)
        status = key_log_open(credential, failure);
    return status;
}
