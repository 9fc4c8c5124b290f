/*
 * libwinpr2's NTLM behind a line protocol, so that tests can talk to it:
 *
 *     winpr_peer client DOMAIN USER      the password is the first line of standard input
 *     winpr_peer server SAMFILE          lines user:DOMAIN::nthash:::
 *
 * Then one command a line, binary data in hex: "step TOKEN", "wrap DATA", "unwrap DATA", "sign DATA",
 * "verify DATA SIGNATURE". Answers: "ok HEX" with " done" after the last step, or "error STATUS".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winpr/sspi.h>

#define ROOM 262144
#define SIGNATURE 16

static SecurityFunctionTableA *table;
static CredHandle credential;
static CtxtHandle context;
static BOOL is_server, started;
static ULONG sent, taken; /* WinPR leaves counting to its callers */
static const char *sam_file;
static char line[2 * ROOM + 64];
static BYTE input[ROOM], second[ROOM], output[ROOM];

static size_t from_hex(const char *hex, BYTE *bytes)
{
    size_t size = 0;
    unsigned value;
    while (hex != NULL && size < ROOM && sscanf(hex + 2 * size, "%2x", &value) == 1) {
        bytes[size++] = (BYTE)value;
    }
    return size;
}

static void answer(SECURITY_STATUS status, const BYTE *data, size_t size, const char *suffix)
{
    if (status < 0) {
        printf("error %08x\n", (unsigned)status);
    } else {
        printf("ok ");
        for (size_t i = 0; i < size; i++) {
            printf("%02x", data[i]);
        }
        printf("%s\n", suffix);
    }
    fflush(stdout);
}

static SECURITY_STATUS client_step(SecBufferDesc *in, SecBufferDesc *out)
{
    ULONG attributes;
    TimeStamp expiry;
    const ULONG flags = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT;
    return table->InitializeSecurityContextA(&credential, started ? &context : NULL, (SEC_CHAR *)"HTTP/server", flags,
                                             0, SECURITY_NATIVE_DREP, started ? in : NULL, 0, &context, out,
                                             &attributes, &expiry);
}

static SECURITY_STATUS server_step(SecBufferDesc *in, SecBufferDesc *out)
{
    ULONG attributes;
    TimeStamp expiry;
    const ULONG flags = ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT;
    SECURITY_STATUS status = table->AcceptSecurityContext(&credential, started ? &context : NULL, in, flags,
                                                          SECURITY_NATIVE_DREP, &context, out, &attributes, &expiry);
    if (!started && status >= 0
        && table->SetContextAttributesA(&context, SECPKG_ATTR_AUTH_NTLM_SAM_FILE, (void *)sam_file,
                                        (ULONG)strlen(sam_file) + 1)
               != SEC_E_OK) {
        return SEC_E_INTERNAL_ERROR;
    }
    return status;
}

static void step(const char *hex)
{
    SecBuffer in = {(ULONG)from_hex(hex, input), SECBUFFER_TOKEN, input};
    SecBuffer out = {ROOM, SECBUFFER_TOKEN, output};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    BOOL last = is_server && started;
    SECURITY_STATUS status = is_server ? server_step(&in_desc, &out_desc) : client_step(&in_desc, &out_desc);
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        SECURITY_STATUS completed = table->CompleteAuthToken(&context, &out_desc);
        status = completed < 0 ? completed : SEC_E_OK;
        last = TRUE;
    }
    started = TRUE;
    answer(status, output, last && is_server ? 0 : out.cbBuffer, status == SEC_E_OK ? " done" : "");
}

static void wrap(const char *hex)
{
    size_t size = from_hex(hex, output + SIGNATURE);
    SecBuffer buffers[2] = {{SIGNATURE, SECBUFFER_TOKEN, output}, {(ULONG)size, SECBUFFER_DATA, output + SIGNATURE}};
    SecBufferDesc whole = {SECBUFFER_VERSION, 2, buffers};
    answer(table->EncryptMessage(&context, 0, &whole, sent++), output, SIGNATURE + size, "");
}

static void unwrap(const char *hex)
{
    ULONG qop;
    size_t size = from_hex(hex, input);
    SecBuffer buffers[2] = {{SIGNATURE, SECBUFFER_TOKEN, input},
                            {(ULONG)size - SIGNATURE, SECBUFFER_DATA, input + SIGNATURE}};
    SecBufferDesc whole = {SECBUFFER_VERSION, 2, buffers};
    answer(table->DecryptMessage(&context, &whole, taken++, &qop), input + SIGNATURE, size - SIGNATURE, "");
}

static void sign(const char *hex)
{
    SecBuffer buffers[2] = {{SIGNATURE, SECBUFFER_TOKEN, output}, {(ULONG)from_hex(hex, input), SECBUFFER_DATA, input}};
    SecBufferDesc whole = {SECBUFFER_VERSION, 2, buffers};
    answer(table->MakeSignature(&context, 0, &whole, sent++), output, SIGNATURE, "");
}

static void verify(const char *hex, const char *signature)
{
    ULONG qop;
    SecBuffer buffers[2] = {{(ULONG)from_hex(signature, second), SECBUFFER_TOKEN, second},
                            {(ULONG)from_hex(hex, input), SECBUFFER_DATA, input}};
    SecBufferDesc whole = {SECBUFFER_VERSION, 2, buffers};
    answer(table->VerifySignature(&context, &whole, taken++, &qop), input, 0, "");
}

static char *next_line(void)
{
    char *text = fgets(line, sizeof line, stdin);
    if (text != NULL) {
        text[strcspn(text, "\r\n")] = '\0';
    }
    return text;
}

static SECURITY_STATUS acquire(char **arguments)
{
    TimeStamp expiry;
    SEC_WINNT_AUTH_IDENTITY identity = {0};
    if (is_server) {
        sam_file = arguments[2];
        return table->AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                                &credential, &expiry);
    }
    if (next_line() == NULL || sspi_SetAuthIdentity(&identity, arguments[3], arguments[2], line) < 0) {
        return SEC_E_NO_CREDENTIALS;
    }
    return table->AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"NTLM", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL,
                                            &credential, &expiry);
}

int main(int count, char **arguments)
{
    setenv("WLOG_LEVEL", "OFF", 1);
    is_server = count > 2 && strcmp(arguments[1], "server") == 0;
    table = InitSecurityInterfaceA();
    if (count != (is_server ? 3 : 4) || acquire(arguments) != SEC_E_OK) {
        fprintf(stderr, "usage: winpr_peer client DOMAIN USER | winpr_peer server SAMFILE\n");
        return 2;
    }
    while (next_line() != NULL) {
        char *command = strtok(line, " "), *first = strtok(NULL, " "), *last = strtok(NULL, " ");
        if (command == NULL) {
            continue;
        }
        if (strcmp(command, "step") == 0) {
            step(first);
        } else if (strcmp(command, "wrap") == 0) {
            wrap(first);
        } else if (strcmp(command, "unwrap") == 0) {
            unwrap(first);
        } else if (strcmp(command, "sign") == 0) {
            sign(first);
        } else if (strcmp(command, "verify") == 0) {
            verify(first, last);
        }
    }
    return 0;
}
