/*
 * What schannel.h and wincrypt.h declare of certificates and session caches: answered with failure until Schannel is
 * built.
 */
#include "api/calls.h"
#include "schannel.h"

BOOL SEC_ENTRY SslEmptyCacheA(LPSTR pszTargetName, DWORD dwFlags)
{
    (void)pszTargetName, (void)dwFlags;
    return call_unsupported("SslEmptyCache") >= 0;
}

BOOL SEC_ENTRY SslEmptyCacheW(LPWSTR pszTargetName, DWORD dwFlags)
{
    (void)pszTargetName, (void)dwFlags;
    return call_unsupported("SslEmptyCache") >= 0;
}
