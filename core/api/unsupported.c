/*
 * Functions of the interface that are not built: handles are checked, outputs zeroed, then SEC_E_UNSUPPORTED_FUNCTION.
 */
#include <string.h>

#include "api/calls.h"
#include "api/entries.h"
#include "api/explain.h"

SECURITY_STATUS call_unsupported(const char *function)
{
    struct failure failure = {0};

    return explain_keep(
        function,
        failure_set(&failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED, "%s is not supported", function),
        &failure);
}

SECURITY_STATUS call_unsupported_context(const char *function, const SecHandle *context)
{
    if (!handle_alive(context, HANDLE_CONTEXT))
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    return call_unsupported(function);
}

SECURITY_STATUS call_unsupported_established(const char *function, const SecHandle *context)
{
    struct context_entry *entry = context_entry_lock_established(context);

    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    context_entry_unlock(entry);
    return call_unsupported(function);
}

SECURITY_STATUS call_unsupported_credential(const char *function, const SecHandle *credential)
{
    if (!handle_alive(credential, HANDLE_CREDENTIAL))
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    return call_unsupported(function);
}

/* ---- Credentials ---- */

static SECURITY_STATUS add_credentials(const SecHandle *credential, TimeStamp *expiry)
{
    if (expiry)
        expiry->QuadPart = 0;
    return call_unsupported_credential("AddCredentials", credential);
}

SECURITY_STATUS SEC_ENTRY AddCredentialsA(PCredHandle hCredentials, SEC_CHAR *pszPrincipal, SEC_CHAR *pszPackage,
                                          ULONG fCredentialUse, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                          void *pvGetKeyArgument, PTimeStamp ptsExpiry)
{
    (void)pszPrincipal, (void)pszPackage, (void)fCredentialUse, (void)pAuthData, (void)pGetKeyFn,
        (void)pvGetKeyArgument;
    return add_credentials(hCredentials, ptsExpiry);
}

SECURITY_STATUS SEC_ENTRY AddCredentialsW(PCredHandle hCredentials, SEC_WCHAR *pszPrincipal, SEC_WCHAR *pszPackage,
                                          ULONG fCredentialUse, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                          void *pvGetKeyArgument, PTimeStamp ptsExpiry)
{
    (void)pszPrincipal, (void)pszPackage, (void)fCredentialUse, (void)pAuthData, (void)pGetKeyFn,
        (void)pvGetKeyArgument;
    return add_credentials(hCredentials, ptsExpiry);
}

SECURITY_STATUS SEC_ENTRY SetCredentialsAttributesA(PCredHandle phCredential, ULONG ulAttribute, void *pBuffer,
                                                    ULONG cbBuffer)
{
    (void)ulAttribute, (void)pBuffer, (void)cbBuffer;
    return call_unsupported_credential("SetCredentialsAttributes", phCredential);
}

SECURITY_STATUS SEC_ENTRY SetCredentialsAttributesW(PCredHandle phCredential, ULONG ulAttribute, void *pBuffer,
                                                    ULONG cbBuffer)
{
    (void)ulAttribute, (void)pBuffer, (void)cbBuffer;
    return call_unsupported_credential("SetCredentialsAttributes", phCredential);
}

SECURITY_STATUS SEC_ENTRY ChangeAccountPasswordA(SEC_CHAR *pszPackageName, SEC_CHAR *pszDomainName,
                                                 SEC_CHAR *pszAccountName, SEC_CHAR *pszOldPassword,
                                                 SEC_CHAR *pszNewPassword, BOOLEAN bImpersonating, ULONG dwReserved,
                                                 PSecBufferDesc pOutput)
{
    (void)pszPackageName, (void)pszDomainName, (void)pszAccountName, (void)pszOldPassword, (void)pszNewPassword;
    (void)bImpersonating, (void)dwReserved, (void)pOutput;
    return call_unsupported("ChangeAccountPassword");
}

SECURITY_STATUS SEC_ENTRY ChangeAccountPasswordW(SEC_WCHAR *pszPackageName, SEC_WCHAR *pszDomainName,
                                                 SEC_WCHAR *pszAccountName, SEC_WCHAR *pszOldPassword,
                                                 SEC_WCHAR *pszNewPassword, BOOLEAN bImpersonating, ULONG dwReserved,
                                                 PSecBufferDesc pOutput)
{
    (void)pszPackageName, (void)pszDomainName, (void)pszAccountName, (void)pszOldPassword, (void)pszNewPassword;
    (void)bImpersonating, (void)dwReserved, (void)pOutput;
    return call_unsupported("ChangeAccountPassword");
}

/* ---- Contexts ---- */

SECURITY_STATUS SEC_ENTRY ImpersonateSecurityContext(PCtxtHandle phContext)
{
    return call_unsupported_established("ImpersonateSecurityContext", phContext);
}

SECURITY_STATUS SEC_ENTRY RevertSecurityContext(PCtxtHandle phContext)
{
    return call_unsupported_established("RevertSecurityContext", phContext);
}

SECURITY_STATUS SEC_ENTRY DelegateSecurityContext(PCtxtHandle phContext, SEC_CHAR *pszTarget,
                                                  SecDelegationType DelegationType, PTimeStamp pExpiry,
                                                  PSecBuffer pPackageParameters, PSecBufferDesc pOutput)
{
    (void)pszTarget, (void)DelegationType, (void)pExpiry, (void)pPackageParameters, (void)pOutput;
    return call_unsupported_established("DelegateSecurityContext", phContext);
}

SECURITY_STATUS SEC_ENTRY ExportSecurityContext(PCtxtHandle phContext, ULONG fFlags, PSecBuffer pPackedContext,
                                                void **pToken)
{
    (void)fFlags;
    if (pPackedContext)
        *pPackedContext = (SecBuffer){.BufferType = SECBUFFER_EMPTY};
    if (pToken)
        *pToken = NULL;
    return call_unsupported_established("ExportSecurityContext", phContext);
}

SECURITY_STATUS SEC_ENTRY ImportSecurityContextA(SEC_CHAR *pszPackage, PSecBuffer pPackedContext, void *Token,
                                                 PCtxtHandle phContext)
{
    (void)pszPackage, (void)pPackedContext, (void)Token;
    if (phContext)
        SecInvalidateHandle(phContext);
    return call_unsupported("ImportSecurityContext");
}

SECURITY_STATUS SEC_ENTRY ImportSecurityContextW(SEC_WCHAR *pszPackage, PSecBuffer pPackedContext, void *Token,
                                                 PCtxtHandle phContext)
{
    (void)pszPackage, (void)pPackedContext, (void)Token;
    if (phContext)
        SecInvalidateHandle(phContext);
    return call_unsupported("ImportSecurityContext");
}
