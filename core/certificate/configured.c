/*
 * The certificates that the operator configured: one file, or a folder of them.
 */
#include <sys/stat.h>

#include "base/settings.h"
#include "certificate/certificate.h"
#include "certificate/file.h"
#include "certificate/folder.h"

struct visiting {
    const struct settings *settings;
    struct bytes password;
    certificate_visit *visit;
    void *argument;
};

/* The first line of the file. */
static SECURITY_STATUS password_read(const char *path, struct secret *password, struct failure *failure)
{
    SECURITY_STATUS status;
    size_t size = 0;

    *password = (struct secret){0};
    if (!path)
        return SEC_E_OK;
    status = certificate_file_read(path, CERTIFICATE_PASSWORD_LIMIT, file_always_secret, password, failure);
    if (status != SEC_E_OK)
        return status;
    while (size < password->size && password->data[size] != '\n' && password->data[size] != '\r')
        size++;
    secret_wipe(password->data + size, password->size - size);
    password->size = size;
    return SEC_E_OK;
}

static SECURITY_STATUS file_visit(void *argument, const char *path, struct failure *failure)
{
    const struct visiting *visiting = argument;
    struct certificate *certificate;
    SECURITY_STATUS status = certificate_load_file(path, visiting->settings->tls_private_key, visiting->password, true,
                                                   &certificate, failure);

    if (status != SEC_E_OK)
        return status;
    status = visiting->visit(visiting->argument, certificate, failure);
    certificate_release(certificate);
    return status;
}

SECURITY_STATUS certificate_configured_each(const struct settings *settings, certificate_visit *visit, void *argument,
                                            struct failure *failure)
{
    struct visiting visiting = {settings, {0}, visit, argument};
    struct secret password;
    struct stat file;
    SECURITY_STATUS status;

    if (!settings->tls_certificate)
        return SEC_E_OK;
    if (settings->tls_private_key && stat(settings->tls_certificate, &file) == 0 && S_ISDIR(file.st_mode))
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                           "option tls_private_key: in a folder of certificates each key is in its certificate's file");
    status = password_read(settings->tls_password_file, &password, failure);
    if (status != SEC_E_OK)
        return status;
    visiting.password = bytes_of(password.data, password.size);
    status = folder_each(settings->tls_certificate, file_visit, &visiting, failure);
    secret_clear(&password);
    return status;
}
