/*
 * Decodes pAuthData of AcquireCredentialsHandle. The plain and EX forms hold pointers; EX2 is one block with offsets.
 */
#define _SEC_WINNT_AUTH_TYPES
#include "api/identity.h"

#include <string.h>

#include "api/text.h"
#include "base/bytes.h"
#include "base/memory.h"

/* Flags of identities that only Windows' LSA can read. */
#define UNREADABLE                                                                                                     \
    (SEC_WINNT_AUTH_IDENTITY_MARSHALLED | SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED                              \
     | SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED | SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED                   \
     | SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED | SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER)

/* Where the four parts are, whatever the form. Lengths in characters. */
struct parts {
    const void *user, *domain, *password, *package_list;
    ULONG user_length, domain_length, password_length, package_list_length;
    struct bytes keytab;
    ULONG flags;
    bool wide;
};

void identity_clear(struct identity *identity)
{
    mem_free(identity->user);
    mem_free(identity->domain);
    if (identity->password)
        mem_free_secret(identity->password, strlen(identity->password));
    mem_free(identity->package_list);
    *identity = (struct identity){0};
}

static SECURITY_STATUS malformed(struct failure *failure, const char *what)
{
    return failure_set(failure, SEC_E_UNKNOWN_CREDENTIALS, SSPI_REASON_USAGE,
                       "the identity in pAuthData is malformed: %s", what);
}

/* The A and W structures differ only in what their pointers point to. */
static void plain_parts(const SEC_WINNT_AUTH_IDENTITY_A *identity, struct parts *out)
{
    *out = (struct parts){
        .user = identity->User,
        .user_length = identity->UserLength,
        .domain = identity->Domain,
        .domain_length = identity->DomainLength,
        .password = identity->Password,
        .password_length = identity->PasswordLength,
        .flags = identity->Flags,
    };
}

static void ex_parts(const SEC_WINNT_AUTH_IDENTITY_EXA *identity, struct parts *out)
{
    *out = (struct parts){
        .user = identity->User,
        .user_length = identity->UserLength,
        .domain = identity->Domain,
        .domain_length = identity->DomainLength,
        .password = identity->Password,
        .password_length = identity->PasswordLength,
        .flags = identity->Flags,
        .package_list = identity->PackageList,
        .package_list_length = identity->PackageListLength,
    };
}

/* UTF-16 text inside an EX2 block; length in bytes. An empty piece without an offset is absent. */
static bool block_text(struct bytes block, ULONG offset, ULONG size, const void **text, ULONG *length)
{
    struct bytes view;

    *text = NULL;
    *length = 0;
    if (offset == 0 && size == 0)
        return true;
    if (size % sizeof(SEC_WCHAR) || offset % sizeof(SEC_WCHAR) || !bytes_slice(block, offset, size, &view))
        return false;
    *text = block.data + offset;
    *length = size / (ULONG)sizeof(SEC_WCHAR);
    return true;
}

static bool password_read(struct bytes inner, struct parts *out)
{
    SEC_WINNT_AUTH_DATA_PASSWORD data;

    if (inner.size < sizeof data)
        return false;
    memcpy(&data, inner.data, sizeof data);
    return block_text(inner, data.UnicodePassword.ByteArrayOffset, data.UnicodePassword.ByteArrayLength, &out->password,
                      &out->password_length);
}

/* What a SEC_WINNT_AUTH_PACKED_CREDENTIALS holds; offsets count from the start of the structure that holds them. */
static bool packed_read(struct bytes packed, struct parts *out)
{
    SEC_WINNT_AUTH_PACKED_CREDENTIALS header;
    struct bytes inner;

    if (packed.size == 0)
        return true;
    if (packed.size < sizeof header)
        return false;
    memcpy(&header, packed.data, sizeof header);
    if (header.cbStructureLength > packed.size
        || !bytes_slice(packed, header.AuthData.CredData.ByteArrayOffset, header.AuthData.CredData.ByteArrayLength,
                        &inner))
        return false;
    if (memcmp(&header.AuthData.CredType, &SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, sizeof(GUID)) == 0)
        return password_read(inner, out);
    out->keytab = inner;
    return memcmp(&header.AuthData.CredType, &SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, sizeof(GUID)) == 0 && inner.size;
}

static bool ex2_parts(const void *auth_data, struct parts *out)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 header;
    struct bytes block, packed;

    memcpy(&header, auth_data, sizeof header);
    *out = (struct parts){.flags = header.Flags | SEC_WINNT_AUTH_IDENTITY_UNICODE};
    if (header.cbHeaderLength < sizeof header || header.cbStructureLength < header.cbHeaderLength)
        return false;
    block = bytes_of(auth_data, header.cbStructureLength);
    return block_text(block, header.UserOffset, header.UserLength, &out->user, &out->user_length)
           && block_text(block, header.DomainOffset, header.DomainLength, &out->domain, &out->domain_length)
           && block_text(block, header.PackageListOffset, header.PackageListLength, &out->package_list,
                         &out->package_list_length)
           && bytes_slice(block, header.PackedCredentialsOffset, header.PackedCredentialsLength, &packed)
           && packed_read(packed, out);
}

/* A plain identity starts with a pointer, an EX one with a version and its own size. */
static bool find_parts(const void *auth_data, struct parts *out)
{
    ULONG start[2];

    memcpy(start, auth_data, sizeof start);
    if (start[0] == SEC_WINNT_AUTH_IDENTITY_VERSION && start[1] >= sizeof(SEC_WINNT_AUTH_IDENTITY_EXA)
        && start[1] < 2 * sizeof(SEC_WINNT_AUTH_IDENTITY_EXA))
        ex_parts(auth_data, out);
    else if (start[0] == SEC_WINNT_AUTH_IDENTITY_VERSION_2 && (USHORT)start[1] == sizeof(SEC_WINNT_AUTH_IDENTITY_EX2))
        return ex2_parts(auth_data, out);
    else
        plain_parts(auth_data, out);
    return true;
}

static SECURITY_STATUS convert(const struct parts *parts, struct identity *out)
{
    SECURITY_STATUS status = text_from_counted(parts->wide, parts->user, parts->user_length, &out->user);

    if (status == SEC_E_OK)
        status = text_from_counted(parts->wide, parts->domain, parts->domain_length, &out->domain);
    if (status == SEC_E_OK)
        status = text_from_counted(parts->wide, parts->password, parts->password_length, &out->password);
    if (status == SEC_E_OK)
        status = text_from_counted(parts->wide, parts->package_list, parts->package_list_length, &out->package_list);
    return status;
}

SECURITY_STATUS identity_decode(const void *auth_data, bool wide, struct identity *out, struct failure *failure)
{
    struct parts parts;
    ULONG form;
    SECURITY_STATUS status;

    *out = (struct identity){0};
    if (!find_parts(auth_data, &parts))
        return malformed(failure, "an offset leaves its block, or its credentials are neither a password nor a keytab");
    if (parts.flags & UNREADABLE)
        return malformed(failure, "it is encrypted or marshalled, which only Windows can read");
    form = parts.flags & (SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE);
    if (form == (SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE))
        return malformed(failure, "Flags has both ANSI and UNICODE");
    parts.wide = form ? form == SEC_WINNT_AUTH_IDENTITY_UNICODE : wide;
    out->keytab = parts.keytab;
    status = convert(&parts, out);
    if (status == SEC_E_OK)
        return SEC_E_OK;
    identity_clear(out);
    return status == SEC_E_INSUFFICIENT_MEMORY ? status : malformed(failure, "a string is not well-formed text");
}
