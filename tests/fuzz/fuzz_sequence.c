/*
 * Stateful fuzzing of the public interface: the input is a program of calls on a few handles, tokens and buffers, with
 * tokens passed between the ends as they are, altered, or made up. Besides what the sanitizers see it holds one truth:
 * a context is established only for the account's own name, and only over a transcript that nobody touched.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doubles.h"
#include "security.h"
#include "sspi.h"
#include "sspi_ext.h"

enum { SLOTS = 4, ROOM = 4096, STEPS = 64, LEGS = 2 };

/* One end of a conversation, digests of the tokens of its successful legs, and the token it made last. */
struct end {
    CtxtHandle context;
    bool live;
    unsigned legs;
    uint64_t sent[LEGS], received[LEGS];
    uint8_t token[ROOM];
    ULONG size;
};

struct machine {
    const uint8_t *program;
    size_t left;
    CredHandle credentials[SLOTS];
    bool acquired[SLOTS];
    struct end clients[SLOTS], servers[SLOTS];
    SspiAccountStore *accounts;
};

static void broken(const char *truth)
{
    fprintf(stderr, "broken: %s\n", truth);
    abort();
}

static unsigned next(struct machine *m)
{
    if (m->left == 0)
        return 0;
    m->left--;
    return *m->program++;
}

/* Handles that the program may use beside its own: zero, all ones, arbitrary. */
static SecHandle odd_handle(struct machine *m)
{
    SecHandle handle = {0, 0};

    switch (next(m) % 3) {
    case 0:
        break;
    case 1:
        SecInvalidateHandle(&handle);
        break;
    default:
        handle.dwLower = next(m);
        handle.dwUpper = next(m);
    }
    return handle;
}

static void acquire(struct machine *m)
{
    static const char *const users[] = {"alice", "bob", ""};
    static const char *const passwords[] = {"Passw0rd", "wrong", ""};
    unsigned slot = next(m) % SLOTS, choice = next(m);
    const char *user = users[choice % 3], *password = passwords[choice / 3 % 3];
    SEC_WINNT_AUTH_IDENTITY_A identity = {0};
    TimeStamp expiry;

    if (m->acquired[slot])
        return;
    identity.User = (UCHAR *)user;
    identity.UserLength = (ULONG)strlen(user);
    identity.Domain = (UCHAR *)"EXAMPLE";
    identity.DomainLength = 7;
    identity.Password = (UCHAR *)password;
    identity.PasswordLength = (ULONG)strlen(password);
    identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    if (AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"NTLM", 1 + next(m) % 3, NULL, choice & 0x80 ? NULL : &identity,
                                  NULL, NULL, &m->credentials[slot], &expiry)
        != SEC_E_OK)
        return;
    m->acquired[slot] = true;
    if (SspiCredentialSetAccountStore(&m->credentials[slot], m->accounts) != SEC_E_OK)
        broken("a fresh credential takes an account store");
}

static void end_delete(struct end *end)
{
    if (end->live && DeleteSecurityContext(&end->context) != SEC_E_OK)
        broken("a live context can be deleted");
    end->live = false;
    end->legs = 0;
    end->size = 0;
}

/* FNV-1a: tells tokens apart, resists nobody. */
static uint64_t digest(const uint8_t *data, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* The token of `other`, or something that the program makes of it. */
static ULONG token_take(struct machine *m, const struct end *other, uint8_t out[ROOM])
{
    unsigned how = next(m) % 8;
    ULONG size = other->size;

    memcpy(out, other->token, size);
    if (how <= 4)
        return size; /* mostly as it is: or few programs would get anywhere */
    if (how == 5 && size > 0) {
        ULONG at = (next(m) << 8 | next(m)) % size;
        uint8_t flip = (uint8_t)(next(m) | 1);

        out[at] ^= flip;
    } else if (how == 6 && size > 0) {
        size = (next(m) << 8 | next(m)) % size;
    } else {
        size = next(m);
        for (ULONG i = 0; i < size; i++)
            out[i] = (uint8_t)next(m);
    }
    return size;
}

/* Whether a client saw the same conversation as this server. */
static bool conversation_matches(const struct end *server, const struct end *client)
{
    return client->live && client->received[1] == server->sent[0] && client->sent[0] == server->received[0]
           && client->sent[1] == server->received[1];
}

static void check_established(struct machine *m, struct end *server)
{
    SecPkgContext_NamesA names = {0};
    bool matched = false;

    for (unsigned i = 0; i < SLOTS; i++)
        matched = matched || conversation_matches(server, &m->clients[i]);
    if (!matched)
        broken("an altered exchange is refused");
    if (QueryContextAttributesA(&server->context, SECPKG_ATTR_NAMES, &names) != SEC_E_OK)
        broken("an established context knows the client");
    if (strcmp(names.sUserName, "EXAMPLE\\alice") != 0)
        broken("only the account's owner logs in");
    FreeContextBuffer(names.sUserName);
}

/* One call of Accept or Initialize. */
static SECURITY_STATUS step(bool accept, PCredHandle credential, struct end *end, SecBufferDesc *input, bool allocate,
                            unsigned room)
{
    SecBuffer out = {room, SECBUFFER_TOKEN, allocate ? NULL : end->token};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    ULONG wanted = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | (allocate ? ISC_REQ_ALLOCATE_MEMORY : 0);
    PCtxtHandle before = end->live ? &end->context : NULL;
    SecHandle made = {0, 0};
    ULONG attributes = 0;
    TimeStamp expiry;
    SECURITY_STATUS status;

    end->size = 0;
    if (accept)
        status = AcceptSecurityContext(credential, before, input, wanted & ASC_REQ_ALLOCATE_MEMORY,
                                       SECURITY_NATIVE_DREP, before ? before : &made, &output, &attributes, &expiry);
    else
        status =
            InitializeSecurityContextA(credential, before, (SEC_CHAR *)"HTTP/server", wanted, 0, SECURITY_NATIVE_DREP,
                                       input, 0, before ? before : &made, &output, &attributes, &expiry);
    if (!before && status >= 0) {
        end->context = made;
        end->live = true;
    }
    if (out.pvBuffer && out.cbBuffer <= ROOM && status >= 0) {
        memmove(end->token, out.pvBuffer, out.cbBuffer);
        end->size = out.cbBuffer;
    }
    if (allocate && out.pvBuffer)
        FreeContextBuffer(out.pvBuffer);
    return status;
}

static void exchange(struct machine *m, bool accept)
{
    unsigned slots = next(m), shape = next(m);
    struct end *end = accept ? &m->servers[slots % SLOTS] : &m->clients[slots % SLOTS];
    struct end *other = accept ? &m->clients[slots / 4 % SLOTS] : &m->servers[slots / 4 % SLOTS];
    SecHandle odd = odd_handle(m);
    PCredHandle credential = shape & 0x80 ? &odd : &m->credentials[slots / 16 % SLOTS];
    uint8_t copy[ROOM], bindings[64];
    SecBuffer in[2] = {{0, SECBUFFER_TOKEN, copy}, {0, SECBUFFER_CHANNEL_BINDINGS, bindings}};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, in};
    uint64_t received;
    SECURITY_STATUS status;

    in[0].cbBuffer = token_take(m, other, copy);
    if ((shape & 0x70) == 0x70) {
        input.cBuffers = 2;
        in[1].cbBuffer = next(m) % sizeof bindings;
        for (ULONG i = 0; i < in[1].cbBuffer; i++)
            bindings[i] = (uint8_t)next(m);
    }
    received = digest(copy, in[0].cbBuffer);
    status = step(accept, credential, end, end->live || accept ? &input : NULL, shape & 1, shape & 2 ? shape : ROOM);
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED)
        return;
    if (end->legs >= LEGS)
        broken("NTLM has two legs on each side");
    end->received[end->legs] = received;
    end->sent[end->legs] = digest(end->token, end->size);
    end->legs++;
    if (accept && status == SEC_E_OK)
        check_established(m, end);
}

static void query(struct machine *m, struct end *end)
{
    /* The largest attribute structure fits; what it points to is lost on purpose only for attributes that allocate. */
    static const ULONG plain[] = {SECPKG_ATTR_SIZES,          SECPKG_ATTR_LIFESPAN,
                                  SECPKG_ATTR_STREAM_SIZES,   SECPKG_ATTR_FLAGS,
                                  SECPKG_ATTR_USER_FLAGS,     SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
                                  SECPKG_ATTR_UNIQUE_BINDINGS};
    union {
        uint64_t aligned[32];
        SecPkgContext_SessionKey key;
    } value;
    unsigned choice = next(m);
    char *text = NULL;

    if (choice % 8 == 7) {
        if (QueryContextAttributesA(&end->context, SECPKG_ATTR_SESSION_KEY, &value) == SEC_E_OK)
            FreeContextBuffer(value.key.SessionKey);
    } else {
        (void)QueryContextAttributesA(&end->context, plain[choice % 7], &value);
    }
    if (SspiExplainContext(&end->context, &text) == SEC_E_OK)
        FreeContextBuffer(text);
}

static void protect(struct machine *m, struct end *from, struct end *to)
{
    uint8_t data[64] = {1, 2, 3}, signature[64] = {0};
    unsigned shape = next(m);
    SecBuffer buffers[2] = {{shape % (ULONG)sizeof data, SECBUFFER_DATA, data},
                            {next(m) % (ULONG)sizeof signature, SECBUFFER_TOKEN, signature}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    bool sealed = shape & 0x80;
    SECURITY_STATUS status =
        sealed ? EncryptMessage(&from->context, 0, &message, 0) : MakeSignature(&from->context, 0, &message, 0);
    bool altered = false;

    if (next(m) % 2 && buffers[0].cbBuffer > 0) {
        data[next(m) % buffers[0].cbBuffer] ^= 0x40;
        altered = true;
    }
    status = status != SEC_E_OK ? status
             : sealed           ? DecryptMessage(&to->context, &message, 0, NULL)
                                : VerifySignature(&to->context, &message, 0, NULL);
    if (status == SEC_E_OK && altered)
        broken("an altered message is refused");
}

static void execute(struct machine *m)
{
    unsigned which = next(m), slot = which / 16 % SLOTS;
    struct end *client = &m->clients[slot], *server = &m->servers[slot];

    switch (which % 12) {
    case 0:
        acquire(m);
        break;
    case 1:
        if (m->acquired[slot] && FreeCredentialsHandle(&m->credentials[slot]) != SEC_E_OK)
            broken("an acquired credential can be freed");
        m->acquired[slot] = false;
        break;
    case 2:
    case 3:
    case 4:
        exchange(m, false);
        break;
    case 5:
    case 6:
    case 7:
        exchange(m, true);
        break;
    case 8:
        end_delete(which & 0x80 ? client : server);
        break;
    case 9:
        query(m, which & 0x80 ? client : server);
        break;
    default:
        protect(m, which & 0x80 ? client : server, which & 0x80 ? server : client);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine *m = calloc(1, sizeof *m);

    if (!m)
        return 0;
    random_script(NULL, 0);
    m->program = data;
    m->left = size;
    if (SspiAccountStoreOpen("memory:", &m->accounts) != SEC_E_OK
        || SspiAccountStoreAdd(m->accounts, "alice", "EXAMPLE", "Passw0rd", 8) != SEC_E_OK)
        broken("a store in memory opens and takes an account");
    for (unsigned i = 0; i < STEPS && m->left > 0; i++)
        execute(m);
    for (unsigned i = 0; i < SLOTS; i++) {
        end_delete(&m->clients[i]);
        end_delete(&m->servers[i]);
        if (m->acquired[i])
            (void)FreeCredentialsHandle(&m->credentials[i]);
    }
    SspiAccountStoreFree(m->accounts);
    free(m);
    return 0;
}
