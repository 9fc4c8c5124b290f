/* A server as Windows programmers write it: Windows.h, Security.h, the function table, an accept loop. It must
 * compile unchanged against the installed headers and compat/; tests/lint/headers.sh does so, with and without
 * UNICODE. It is not linked or run. */
#define SECURITY_WIN32
#include <Windows.h>

#include <stdio.h>
#include <tchar.h>

#include <Schannel.h>
#include <Security.h>
#include <Wincrypt.h>

#define MAX_TOKEN 12288

typedef struct _CONNECTION {
    CredHandle hCred;
    CtxtHandle hCtxt;
    BOOL fHaveCtxt;
    DWORD cbMaxToken;
} CONNECTION, *PCONNECTION;

typedef BOOL(WINAPI *RECEIVE_FN)(PVOID pvPeer, PBYTE pBuffer, DWORD cbBuffer, PDWORD pcbRead);
typedef BOOL(WINAPI *SEND_FN)(PVOID pvPeer, CONST BYTE *pBuffer, DWORD cbBuffer);

static PSecurityFunctionTable g_pSSPI = NULL;

BOOL LoadSecurityInterface(VOID);
BOOL AcquireServerCredentials(PCONNECTION pConn, LPTSTR pszPackage);
SECURITY_STATUS AcceptLoop(PCONNECTION pConn, PVOID pvPeer, RECEIVE_FN pfnReceive, SEND_FN pfnSend);
BOOL PrintClient(PCONNECTION pConn);
SECURITY_STATUS SendEncrypted(PCONNECTION pConn, PBYTE pMessage, DWORD cbMessage, PBYTE pTrailer, DWORD cbTrailer);
BOOL AcquireTlsCredentials(PCCERT_CONTEXT pCertContext, PCredHandle phCred);
VOID CloseConnection(PCONNECTION pConn);
int ServeOne(PVOID pvPeer, RECEIVE_FN pfnReceive, SEND_FN pfnSend);

BOOL LoadSecurityInterface(VOID)
{
    INIT_SECURITY_INTERFACE pfnInit = InitSecurityInterface;

    g_pSSPI = pfnInit();
    return g_pSSPI != NULL && g_pSSPI->dwVersion >= SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION;
}

BOOL AcquireServerCredentials(PCONNECTION pConn, LPTSTR pszPackage)
{
    PSecPkgInfo pInfo = NULL;
    TimeStamp tsExpiry;
    SECURITY_STATUS ss;

    ss = QuerySecurityPackageInfo(pszPackage, &pInfo);
    if (ss != SEC_E_OK) {
        fprintf(stderr, "no package: 0x%08x\n", (unsigned)ss);
        return FALSE;
    }
    pConn->cbMaxToken = pInfo->cbMaxToken;
    FreeContextBuffer(pInfo);

    ss = g_pSSPI->AcquireCredentialsHandle(NULL, pszPackage, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &pConn->hCred,
                                           &tsExpiry);
    if (FAILED(ss)) {
        return FALSE;
    }
    return tsExpiry.QuadPart != 0 && tsExpiry.HighPart >= 0 && SecIsValidHandle(&pConn->hCred);
}

SECURITY_STATUS AcceptLoop(PCONNECTION pConn, PVOID pvPeer, RECEIVE_FN pfnReceive, SEND_FN pfnSend)
{
    BYTE rgbIn[MAX_TOKEN];
    BYTE rgbOut[MAX_TOKEN];
    DWORD cbIn = 0;
    ULONG fContextAttr = 0;
    TimeStamp tsExpiry;
    SecBufferDesc inDesc, outDesc;
    SecBuffer inBuffer[2], outBuffer[1];
    SECURITY_STATUS ss;

    SecInvalidateHandle(&pConn->hCtxt);
    do {
        if (!pfnReceive(pvPeer, rgbIn, sizeof(rgbIn), &cbIn)) {
            return SEC_E_INTERNAL_ERROR;
        }
        inBuffer[0].cbBuffer = cbIn;
        inBuffer[0].BufferType = SECBUFFER_TOKEN;
        inBuffer[0].pvBuffer = rgbIn;
        inBuffer[1].cbBuffer = 0;
        inBuffer[1].BufferType = SECBUFFER_EMPTY;
        inBuffer[1].pvBuffer = NULL;
        inDesc.ulVersion = SECBUFFER_VERSION;
        inDesc.cBuffers = ARRAYSIZE(inBuffer);
        inDesc.pBuffers = inBuffer;

        outBuffer[0].cbBuffer = pConn->cbMaxToken < sizeof(rgbOut) ? pConn->cbMaxToken : sizeof(rgbOut);
        outBuffer[0].BufferType = SECBUFFER_TOKEN;
        outBuffer[0].pvBuffer = rgbOut;
        outDesc.ulVersion = SECBUFFER_VERSION;
        outDesc.cBuffers = 1;
        outDesc.pBuffers = outBuffer;

        ss = AcceptSecurityContext(&pConn->hCred, pConn->fHaveCtxt ? &pConn->hCtxt : NULL, &inDesc,
                                   ASC_REQ_CONFIDENTIALITY | ASC_REQ_REPLAY_DETECT, SECURITY_NATIVE_DREP, &pConn->hCtxt,
                                   &outDesc, &fContextAttr, &tsExpiry);
        if (!SEC_SUCCESS(ss)) {
            return ss;
        }
        pConn->fHaveCtxt = TRUE;
        if (ss == SEC_I_COMPLETE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE) {
            CompleteAuthToken(&pConn->hCtxt, &outDesc);
        }
        if (outBuffer[0].cbBuffer != 0 && !pfnSend(pvPeer, rgbOut, outBuffer[0].cbBuffer)) {
            return SEC_E_INTERNAL_ERROR;
        }
    } while (ss == SEC_I_CONTINUE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE);

    switch (ss) {
    case SEC_E_OK:
    case SEC_I_COMPLETE_NEEDED:
        break;
    case SEC_E_LOGON_DENIED:
    case SEC_E_NO_AUTHENTICATING_AUTHORITY:
    default:
        return ss;
    }
    return (fContextAttr & ASC_RET_CONFIDENTIALITY) ? SEC_E_OK : SEC_E_QOP_NOT_SUPPORTED;
}

BOOL PrintClient(PCONNECTION pConn)
{
    SecPkgContext_Names names;
    SecPkgContext_PackageInfo package;
    SecPkgContext_Sizes sizes;

    ZeroMemory(&names, sizeof(names));
    if (QueryContextAttributes(&pConn->hCtxt, SECPKG_ATTR_NAMES, &names) != SEC_E_OK) {
        return FALSE;
    }
    if (QueryContextAttributes(&pConn->hCtxt, SECPKG_ATTR_PACKAGE_INFO, &package) == SEC_E_OK) {
        g_pSSPI->FreeContextBuffer(package.PackageInfo);
    }
    FreeContextBuffer(names.sUserName);
    if (ImpersonateSecurityContext(&pConn->hCtxt) == SEC_E_OK) {
        RevertSecurityContext(&pConn->hCtxt);
    }
    return SUCCEEDED(QueryContextAttributes(&pConn->hCtxt, SECPKG_ATTR_SIZES, &sizes));
}

SECURITY_STATUS SendEncrypted(PCONNECTION pConn, PBYTE pMessage, DWORD cbMessage, PBYTE pTrailer, DWORD cbTrailer)
{
    SecBuffer buffers[2] = {
        {cbTrailer, SECBUFFER_TOKEN, pTrailer},
        {cbMessage, SECBUFFER_DATA, pMessage},
    };
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    ULONG ulQop = 0;
    SECURITY_STATUS ss = EncryptMessage(&pConn->hCtxt, ulQop, &desc, 0);

    if (ss != SEC_E_OK) {
        return ss;
    }
    return DecryptMessage(&pConn->hCtxt, &desc, 0, &ulQop);
}

BOOL AcquireTlsCredentials(PCCERT_CONTEXT pCertContext, PCredHandle phCred)
{
    SCHANNEL_CRED cred;
    TimeStamp tsExpiry;

    ZeroMemory(&cred, sizeof(cred));
    cred.dwVersion = SCHANNEL_CRED_VERSION;
    cred.cCreds = 1;
    cred.paCred = &pCertContext;
    cred.grbitEnabledProtocols = SP_PROT_TLS1_2_SERVER | SP_PROT_TLS1_3_SERVER;
    cred.dwFlags = SCH_USE_STRONG_CRYPTO;
    return AcquireCredentialsHandle(NULL, UNISP_NAME, SECPKG_CRED_INBOUND, NULL, &cred, NULL, NULL, phCred, &tsExpiry)
           == SEC_E_OK;
}

VOID CloseConnection(PCONNECTION pConn)
{
    if (pConn->fHaveCtxt) {
        DeleteSecurityContext(&pConn->hCtxt);
    }
    FreeCredentialsHandle(&pConn->hCred);
}

int ServeOne(PVOID pvPeer, RECEIVE_FN pfnReceive, SEND_FN pfnSend)
{
    CONNECTION conn = {0};
    SECURITY_STATUS ss;

    if (!LoadSecurityInterface() || !AcquireServerCredentials(&conn, TEXT("NTLM"))) {
        return 1;
    }
    ss = AcceptLoop(&conn, pvPeer, pfnReceive, pfnSend);
    if (ss == SEC_E_OK) {
        PrintClient(&conn);
    }
    CloseConnection(&conn);
    return ss == SEC_E_OK ? 0 : 1;
}
