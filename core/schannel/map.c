/*
 * From a client's certificate to an account: the name in it that option tls_account_name says, looked up in the store.
 * The certificate was verified against the trust given before anybody asks here.
 */
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "certificate/openssl.h"
#include "schannel/credential.h"

#define UPN_OID "1.3.6.1.4.1.311.20.2.3" /* otherName, UTF-8: the user principal name of Windows */

/* Text of the certificate as a string; NULL where it is not text, or holds a NUL that would cut it. */
static char *text_of(const ASN1_STRING *string)
{
    uint8_t *utf8 = NULL;
    int size = ASN1_STRING_to_UTF8(&utf8, string);
    char *text = NULL;

    if (size > 0 && (size_t)size <= ACCOUNT_NAME_LIMIT && utf8_valid(bytes_of(utf8, (size_t)size))) {
        text = mem_alloc((size_t)size + 1);
        if (text)
            (void)snprintf(text, (size_t)size + 1, "%s", (const char *)utf8);
    }
    OPENSSL_free(utf8);
    return text;
}

static const ASN1_STRING *name_of(const GENERAL_NAME *name, ULONG wanted)
{
    char oid[sizeof UPN_OID + 1];

    if (wanted == TLS_ACCOUNT_EMAIL)
        return name->type == GEN_EMAIL ? name->d.rfc822Name : NULL;
    if (name->type != GEN_OTHERNAME || OBJ_obj2txt(oid, sizeof oid, name->d.otherName->type_id, 1) <= 0
        || strcmp(oid, UPN_OID) != 0 || name->d.otherName->value->type != V_ASN1_UTF8STRING)
        return NULL;
    return name->d.otherName->value->value.utf8string;
}

static char *alternative_name(X509 *x509, ULONG wanted)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    const ASN1_STRING *found = NULL;
    char *text;

    for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++)
        found = name_of(sk_GENERAL_NAME_value(names, i), wanted);
    text = found ? text_of(found) : NULL;
    GENERAL_NAMES_free(names);
    return text;
}

/* The last, most special one. */
static char *common_name(X509 *x509)
{
    X509_NAME *subject = X509_get_subject_name(x509);
    int place = -1, last = -1;

    while ((place = X509_NAME_get_index_by_NID(subject, NID_commonName, place)) >= 0)
        last = place;
    return last < 0 ? NULL : text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
}

/* A store answers for unknown domains with accounts of its default one, as NTLM wants: there a password proves who it
 * is. */
static bool is_of_default_domain(const struct settings *settings, const char *domain)
{
    return !domain[0] || (settings->netbios_domain_name && utf8_same_name(domain, settings->netbios_domain_name))
           || (settings->dns_domain_name && utf8_same_name(domain, settings->dns_domain_name));
}

/* An account of the default domain is shown under the server's own, where another account may have its name. */
static SECURITY_STATUS show(const struct schannel_credential *credential, const struct account *account, char *name,
                            size_t size, struct failure *failure)
{
    const struct settings *settings = &credential->base.settings;
    const char *own = settings->netbios_domain_name;
    SECURITY_STATUS status = SEC_E_LOGON_DENIED;
    struct account other = {0};
    struct failure why = {0}; /* that nobody is found is no failure here */

    if (!account->domain[0] && !credential->base.accounts->ops->may_block)
        status = account_store_lookup(credential->base.accounts, account->user, own, settings->lockout_threshold,
                                      settings->lockout_seconds, &other, &why);
    if (status == SEC_E_LOGON_DENIED || (status == SEC_E_OK && !other.domain[0])) {
        (void)snprintf(name, size, "%s\\%s", account->domain[0] ? account->domain : own, account->user);
        status = SEC_E_OK;
    } else if (status == SEC_E_OK) {
        status = failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER,
                             "another account has the name of the client's certificate: %s", account->user);
    } else {
        *failure = why;
    }
    account_clear(&other);
    return status;
}

static SECURITY_STATUS look_up(struct schannel_credential *credential, char *said, char *name, size_t size,
                               struct failure *failure)
{
    const struct settings *settings = &credential->base.settings;
    char *at = strrchr(said, '@');
    struct account account;
    SECURITY_STATUS status;

    if (at)
        *at = '\0';
    status = account_store_lookup(credential->base.accounts, said, at ? at + 1 : "", settings->lockout_threshold,
                                  settings->lockout_seconds, &account, failure);
    if (status == SEC_E_LOGON_DENIED && at && is_of_default_domain(settings, at + 1)
        && !credential->base.accounts->ops->may_block) /* the store knows others of that domain */
        status = account_store_lookup(credential->base.accounts, said, "", settings->lockout_threshold,
                                      settings->lockout_seconds, &account, failure);
    if (status == SEC_E_OK && !account.domain[0] && at && !is_of_default_domain(settings, at + 1))
        status = SEC_E_LOGON_DENIED;
    if (status == SEC_E_LOGON_DENIED)
        failure_set(failure, status, SSPI_REASON_UNKNOWN_USER, "no account is named as the client's certificate: %s",
                    said);
    else if (status == SEC_E_OK && account.disabled) /* a lock is about guessed passwords, and does not count here */
        status = failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_DISABLED,
                             "the account of the client's certificate is disabled: %s", said);
    if (status == SEC_E_OK)
        status = show(credential, &account, name, size, failure);
    account_clear(&account);
    return status;
}

SECURITY_STATUS schannel_map(struct schannel_credential *credential, X509 *x509, char *name, size_t size,
                             struct failure *failure)
{
    const ULONG wanted = credential->base.settings.tls_account_name;
    SECURITY_STATUS status;
    char *said;

    name[0] = '\0';
    if ((credential->flags & SCH_CRED_NO_SYSTEM_MAPPER) || !credential->base.accounts)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_STORE,
                           "clients' certificates are not mapped to accounts here");
    openssl_enter();
    said = wanted == TLS_ACCOUNT_COMMON_NAME ? common_name(x509) : alternative_name(x509, wanted);
    openssl_leave();
    if (!said)
        return failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER,
                           "the client's certificate holds no name of the kind that option tls_account_name wants");
    status = look_up(credential, said, name, size, failure);
    mem_free(said);
    return status;
}
