/*
 * One end of a login by the SSPI of Windows, driven through lines on standard input: `step HEX`, `sign HEX`,
 * `verify HEX SIGNATURE`, `wrap HEX`, `unwrap TOKEN DATA`. Each is answered by `ok` and HEX (after step: and `done`
 * once established; after wrap: token and data), or `no STATUS`. For wrap there is more room than the package says it
 * needs: Wine's says too little.
 *
 *     windows_peer PACKAGE SERVICE FLAGS [DOMAIN USER PASSWORD]
 *
 * Built by mingw-w64 and run in Wine by test_wine_kerberos.py.
 */
#define SECURITY_WIN32
#include <windows.h>

#include <security.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 65536
#define LINE_MAX_SIZE (1 << 20)

static CredHandle credential;
static CtxtHandle context;
static BOOL begun;
static unsigned char first[LINE_MAX_SIZE / 2], second[LINE_MAX_SIZE / 2], token[TOKEN_MAX];

static ULONG from_hex(const char *hex, unsigned char *out)
{
    ULONG size = hex ? (ULONG)strlen(hex) / 2 : 0;

    for (ULONG i = 0; i < size; i++) {
        unsigned byte = 0;

        sscanf(hex + 2 * i, "%2x", &byte);
        out[i] = (unsigned char)byte;
    }
    return size;
}

static void print(const void *data, ULONG size)
{
    putchar(' ');
    for (ULONG i = 0; i < size; i++)
        printf("%02x", ((const unsigned char *)data)[i]);
}

static BOOL refused(SECURITY_STATUS status)
{
    if (status < 0)
        printf("no %08lx", (unsigned long)status);
    else
        printf("ok");
    return status < 0;
}

static void step(char *service, ULONG flags, ULONG size)
{
    SecBuffer in = {size, SECBUFFER_TOKEN, first}, out = {sizeof token, SECBUFFER_TOKEN, token};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    SECURITY_STATUS status =
        InitializeSecurityContextA(&credential, begun ? &context : NULL, service, flags, 0, SECURITY_NETWORK_DREP,
                                   begun ? &input : NULL, 0, &context, &output, &attributes, NULL);

    if (refused(status))
        return;
    begun = TRUE;
    print(token, out.cbBuffer);
    if (status == SEC_E_OK)
        printf(" done");
}

static void message(const char *what, ULONG size, ULONG second_size)
{
    BOOL sealing = strcmp(what, "wrap") == 0, signing = strcmp(what, "sign") == 0;
    SecBuffer buffers[2] = {{size, SECBUFFER_DATA, first}, {second_size, SECBUFFER_TOKEN, second}};
    SecBufferDesc whole = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status;

    if (sealing || signing) {
        buffers[1].cbBuffer = 256;
        status = sealing ? EncryptMessage(&context, 0, &whole, 0) : MakeSignature(&context, 0, &whole, 0);
    } else if (strcmp(what, "unwrap") == 0) {
        buffers[0] = (SecBuffer){size, SECBUFFER_TOKEN, first};
        buffers[1] = (SecBuffer){second_size, SECBUFFER_DATA, second};
        status = DecryptMessage(&context, &whole, 0, NULL);
    } else {
        status = VerifySignature(&context, &whole, 0, NULL);
    }
    if (refused(status))
        return;
    if (signing || sealing)
        print(buffers[1].pvBuffer, buffers[1].cbBuffer);
    if (sealing)
        print(buffers[0].pvBuffer, buffers[0].cbBuffer);
    if (strcmp(what, "unwrap") == 0)
        print(buffers[1].pvBuffer, buffers[1].cbBuffer);
}

static SECURITY_STATUS acquire(int count, char **arguments)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};

    if (count == 7) {
        identity.Domain = (unsigned char *)arguments[4];
        identity.DomainLength = (ULONG)strlen(arguments[4]);
        identity.User = (unsigned char *)arguments[5];
        identity.UserLength = (ULONG)strlen(arguments[5]);
        identity.Password = (unsigned char *)arguments[6];
        identity.PasswordLength = (ULONG)strlen(arguments[6]);
    }
    return AcquireCredentialsHandleA(NULL, arguments[1], SECPKG_CRED_OUTBOUND, NULL, count == 7 ? &identity : NULL,
                                     NULL, NULL, &credential, NULL);
}

int main(int count, char **arguments)
{
    static char line[LINE_MAX_SIZE];
    SECURITY_STATUS status = count == 4 || count == 7 ? acquire(count, arguments) : SEC_E_INVALID_HANDLE;

    if (status != SEC_E_OK) {
        fprintf(stderr, "no credential: %08lx\n", (unsigned long)status);
        return 1;
    }
    while (fgets(line, sizeof line, stdin)) {
        char *what = strtok(line, " \r\n"), *one = strtok(NULL, " \r\n"), *two = strtok(NULL, " \r\n");
        ULONG size = from_hex(one, first), second_size = from_hex(two, second);

        if (what && strcmp(what, "step") == 0)
            step(arguments[2], strtoul(arguments[3], NULL, 0), size);
        else if (what)
            message(what, size, second_size);
        printf("\n");
        fflush(stdout);
    }
    if (begun)
        DeleteSecurityContext(&context);
    FreeCredentialsHandle(&credential);
    return 0;
}
