/*
 * The door to libkrb5 (Heimdal): one context a thread, its errors as statuses, its defaults, keys of passwords.
 * Nothing hostile passes here: tokens of peers are decoded by our own code.
 */
#include "kerberos/heimdal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static bool thread_ready;

static void context_end(void *context)
{
    krb5_free_context(context);
}

static void thread_start(void)
{
    thread_ready = pthread_key_create(&thread_key, context_end) == 0;
}

/*
 * What holds where krb5.conf says nothing: a KDC that does not answer is given up after seconds, not after half a
 * minute. libkrb5 takes files alone, so this is one without a name, behind all others.
 */
static void defaults_add(krb5_context context)
{
    static const char text[] = "[libdefaults]\nkdc_timeout = 6\nmax_retries = 1\n";
    char path[32], **files = NULL, *all[32];
    size_t count = 0;
    int file = memfd_create("sspi-krb5-defaults", MFD_CLOEXEC);

    if (file < 0)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (write(file, text, sizeof text - 1) == (ssize_t)sizeof text - 1 && access(path, R_OK) == 0
        && krb5_get_default_config_files(&files) == 0) {
        while (files[count] && count < sizeof all / sizeof *all - 2) {
            all[count] = files[count];
            count++;
        }
        all[count] = path;
        all[count + 1] = NULL;
        if (krb5_set_config_files(context, all) != 0)
            (void)krb5_set_config_files(context, files);
        krb5_free_config_files(files);
    }
    close(file);
}

SECURITY_STATUS heimdal_context(krb5_context *context, struct failure *failure)
{
    krb5_error_code error;

    pthread_once(&thread_once, thread_start);
    *context = thread_ready ? pthread_getspecific(thread_key) : NULL;
    if (*context)
        return SEC_E_OK;
    error = thread_ready ? krb5_init_context(context) : ENOMEM;
    if (error == 0 && pthread_setspecific(thread_key, *context) != 0) {
        krb5_free_context(*context);
        error = ENOMEM;
    }
    if (error == ENOMEM)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for libkrb5");
    if (error)
        return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CONFIGURATION,
                           "libkrb5 cannot start (error %d): is krb5.conf well formed?", (int)error);
    defaults_add(*context);
    krb5_set_dns_canonicalize_hostname(*context, FALSE);
    return SEC_E_OK;
}

/* ---- Errors ---- */

static const struct {
    krb5_error_code error;
    SECURITY_STATUS status;
    ULONG reason;
} errors[] = {
    {ENOMEM, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY},
    {KRB5_KDC_UNREACH, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC},
    {KRB5_REALM_CANT_RESOLVE, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_KDC},
    {KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET},
    {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER},
    {KRB5KDC_ERR_PREAUTH_FAILED, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD},
    {KRB5KRB_AP_ERR_BAD_INTEGRITY, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD},
    {KRB5KDC_ERR_CLIENT_REVOKED, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_DISABLED},
    {KRB5KDC_ERR_NAME_EXP, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_DISABLED},
    {KRB5KDC_ERR_CLIENT_NOTYET, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_DISABLED},
    {KRB5KDC_ERR_POLICY, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_DISABLED},
    {KRB5KDC_ERR_KEY_EXPIRED, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD},
    {KRB5KDC_ERR_ETYPE_NOSUPP, SEC_E_KDC_UNKNOWN_ETYPE, SSPI_REASON_POLICY},
    {KRB5KRB_AP_ERR_SKEW, SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW},
    {KRB5KRB_AP_ERR_TKT_EXPIRED, SEC_E_NO_CREDENTIALS, SSPI_REASON_TICKET_EXPIRED},
    {KRB5_CC_NOTFOUND, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL},
    {ENOENT, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL},
    {EACCES, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL},
    {KRB5_CC_END, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL},
    {KRB5_FCC_NOFILE, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL},
    {KRB5_CC_UNKNOWN_TYPE, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION},
    {KRB5_CC_FORMAT, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL},
    {KRB5_KT_NOTFOUND, SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB},
    {KRB5_PARSE_MALFORMED, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET},
};

SECURITY_STATUS heimdal_status(krb5_context context, krb5_error_code error, const char *what, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_NO_AUTHENTICATING_AUTHORITY;
    ULONG reason = SSPI_REASON_KDC;
    const char *text;

    if (error == 0)
        return SEC_E_OK;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].error == error) {
            status = errors[i].status;
            reason = errors[i].reason;
        }
    }
    text = krb5_get_error_message(context, error);
    status = failure_set(failure, status, reason, "%s: %s", what, text ? text : "unknown error");
    krb5_free_error_message(context, text);
    return status;
}

/* ---- Defaults ---- */

SECURITY_STATUS krb_default_keytab(char *path, size_t size, struct failure *failure)
{
    static const char *const prefixes[] = {"FILE:", "WRFILE:", "ANY:FILE:"};
    krb5_context context;
    SECURITY_STATUS status = heimdal_context(&context, failure);

    if (status != SEC_E_OK)
        return status;
    if (krb5_kt_default_name(context, path, size) != 0)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB, "libkrb5 names no default keytab");
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t skip = strlen(prefixes[i]);

        if (strncmp(path, prefixes[i], skip) == 0)
            memmove(path, path + skip, strlen(path + skip) + 1);
    }
    path[strcspn(path, ",")] = '\0';
    if (path[0] == '/')
        return SEC_E_OK;
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB,
                       "the default keytab \"%s\" is no file; name one by option keytab", path);
}

SECURITY_STATUS krb_default_realm(char realm[KRB_TEXT_MAX], struct failure *failure)
{
    krb5_context context;
    krb5_realm found = NULL;
    SECURITY_STATUS status = heimdal_context(&context, failure);
    bool fits;

    if (status != SEC_E_OK)
        return status;
    if (krb5_get_default_realm(context, &found) != 0)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION,
                           "no realm was given, and krb5.conf has no default_realm");
    fits = snprintf(realm, KRB_TEXT_MAX, "%s", found) < KRB_TEXT_MAX;
    krb5_xfree(found);
    return fits ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

/* ---- Keys of a password ---- */

/* [MS-KILE] 3.1.1.2 for a computer's account, RFC 4120 4 for all others: realm and name without what separates them. */
static bool salt_make(const char *name, const char *realm, char *salt, size_t size)
{
    size_t length = strlen(name), used;
    const bool computer = length > 1 && name[length - 1] == '$';

    used = (size_t)snprintf(salt, size, "%s%s", realm, computer ? "host" : "");
    for (const char *c = name; *c && used < size; c++)
        if (*c != '/' && !(computer && !c[1]))
            salt[used++] = (char)(computer ? tolower((unsigned char)*c) : *c);
    if (computer && used < size)
        salt[used++] = '.';
    for (const char *c = realm; computer && *c && used < size; c++)
        salt[used++] = (char)tolower((unsigned char)*c);
    if (used >= size)
        return false;
    salt[used] = '\0';
    return true;
}

static SECURITY_STATUS password_key(krb5_context context, struct krb_keys *keys, const char *name, const char *realm,
                                    int32_t etype, krb5_data password, krb5_salt salt)
{
    krb5_keyblock key;
    SECURITY_STATUS status;

    if (krb5_string_to_key_data_salt(context, etype, password, salt, &key) != 0)
        return SEC_E_INTERNAL_ERROR;
    status = krb_keys_add(keys, name, realm, true, 0, etype, bytes_of(key.keyvalue.data, key.keyvalue.length));
    secret_wipe(key.keyvalue.data, key.keyvalue.length);
    krb5_free_keyblock_contents(context, &key);
    return status;
}

SECURITY_STATUS krb_password_keys(struct krb_keys *keys, const char *name, const char *realm, struct bytes password,
                                  struct failure *failure)
{
    static const int32_t etypes[] = {KRB_ETYPE_AES256_SHA1, KRB_ETYPE_AES128_SHA1, KRB_ETYPE_AES256_SHA384,
                                     KRB_ETYPE_AES128_SHA256, KRB_ETYPE_RC4};
    krb5_context context;
    char salt_text[2 * KRB_TEXT_MAX + 8];
    krb5_salt salt = {.salttype = KRB5_PW_SALT};
    krb5_data text = {.length = password.size};
    SECURITY_STATUS status = heimdal_context(&context, failure);

    if (status != SEC_E_OK)
        return status;
    if (!salt_make(name, realm, salt_text, sizeof salt_text))
        return failure_set(failure, SEC_E_UNKNOWN_CREDENTIALS, SSPI_REASON_USAGE,
                           "the user or domain name is too long");
    salt.saltvalue.data = salt_text;
    salt.saltvalue.length = strlen(salt_text);
    /* For RC4 libkrb5 reads on to a NUL, whatever the length says. */
    text.data = mem_zalloc(password.size + 1);
    if (!text.data)
        status = SEC_E_INSUFFICIENT_MEMORY;
    for (size_t i = 0; status == SEC_E_OK && i < password.size; i++)
        ((uint8_t *)text.data)[i] = password.data[i];
    for (size_t i = 0; status == SEC_E_OK && i < sizeof etypes / sizeof *etypes; i++)
        status = password_key(context, keys, name, realm, etypes[i], text, salt);
    mem_free_secret(text.data, password.size + 1);
    if (status == SEC_E_OK)
        return SEC_E_OK;
    return failure_set(failure, status,
                       status == SEC_E_INSUFFICIENT_MEMORY ? SSPI_REASON_OUT_OF_MEMORY : SSPI_REASON_CRYPTO_UNAVAILABLE,
                       "libkrb5 cannot make the keys of a password");
}
