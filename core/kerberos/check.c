/*
 * Whether an acceptor's credential of Kerberos can let anybody in, for SspiCredentialCheck: what the logins would find
 * missing one after the other is said when the server starts.
 */
#include "kerberos/kerberos.h"

SECURITY_STATUS krb_services_said(const struct krb_credential *credential, const struct krb_keys *keys,
                                  struct failure *failure)
{
    if (krb_credential_services(credential) || keys->one_service)
        return SEC_E_OK;
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
                       "the keytab holds keys of several services: name those to accept in pszPrincipal or option "
                       "service_names (* for any)");
}

static const char *keytab_name(const struct krb_credential *credential)
{
    return credential->keytab ? krb_keytab_file_path(credential->keytab) : "in memory";
}

/* At least one key must be of a service that is accepted, and of a type that is. */
static SECURITY_STATUS keys_check(const struct krb_credential *credential, const struct krb_keys *keys,
                                  struct failure *why)
{
    const char *patterns = krb_credential_services(credential);
    bool named = false;

    for (size_t i = 0; i < keys->count; i++) {
        const struct krb_service_key *row = &keys->rows[i];

        if (patterns && !row->any_version && !krb_service_matches(patterns, row->name, row->realm))
            continue;
        named = true;
        if (krb_etype_allowed(&credential->base.settings, row->key.etype->number))
            return SEC_E_OK;
    }
    if (!named)
        return failure_set(why, SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB,
                           "keytab %s: holds no key of the services to accept (pszPrincipal or option service_names): "
                           "%s",
                           keytab_name(credential), patterns);
    return failure_set(why, SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB,
                       "keytab %s: holds only keys of type rc4-hmac for this service, which option "
                       "allow_insecure_rc4 forbids",
                       keytab_name(credential));
}

SECURITY_STATUS krb_check(struct credential *base, bool *said, struct failure *why)
{
    struct krb_credential *credential = (struct krb_credential *)base;
    struct replay *replay;
    struct krb_keys *keys;
    SECURITY_STATUS status = krb_credential_keys(credential, true, &keys, why);

    *said = credential->keys_said || base->settings.keytab;
    if (status != SEC_E_OK)
        return status;
    status = krb_services_said(credential, keys, why);
    if (status == SEC_E_OK)
        status = keys_check(credential, keys, why);
    krb_keys_release(keys);
    return status == SEC_E_OK ? krb_credential_replay(credential, &replay, why) : status;
}
