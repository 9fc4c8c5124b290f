/*
 * SspiCredentialCheck: looks whether a credential has what its contexts will need, before the first client comes.
 */
#include "api/entries.h"
#include "api/explain.h"

static SECURITY_STATUS check(struct credential_entry *entry, struct failure *failure)
{
    struct credential *credential = entry->credential;
    bool acceptor = credential->use & SECPKG_CRED_INBOUND;
    SECURITY_STATUS status = credential_entry_use(entry, acceptor, failure);
    const struct provider *provider = credential->provider;
    bool (*usable)(struct credential *, struct failure *) = acceptor ? provider->usable : provider->initiator_usable;
    bool said;

    if (status == SEC_E_OK && acceptor && provider->check)
        return provider->check(credential, &said, failure);
    if (status != SEC_E_OK || !usable || usable(credential, failure))
        return status;
    return SEC_E_NO_CREDENTIALS;
}

SECURITY_STATUS SEC_ENTRY SspiCredentialCheck(PCredHandle phCredential)
{
    static const char function[] = "SspiCredentialCheck";
    struct failure failure = {0};
    struct credential_entry *entry;
    struct handle_slot *pin;
    SECURITY_STATUS status;

    entry = handle_pin(phCredential, HANDLE_CREDENTIAL, &pin);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    status = check(entry, &failure);
    handle_unpin(pin);
    return explain_keep(function, status, &failure);
}
