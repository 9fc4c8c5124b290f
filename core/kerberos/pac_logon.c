/*
 * KERB_VALIDATION_INFO of a PAC ([MS-PAC] 2.5) in its NDR form ([MS-RPCE] 2.2.6): fixed part first, then what its
 * pointers point to, in order. Counts are held against the bytes that are there before anything is allocated.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "base/writer.h"
#include "kerberos/kerberos.h"

#define NAMES 8 /* the RPC_UNICODE_STRINGs of the structure, in order */
enum { NAME_USER = 0, NAME_SERVER = 6, NAME_DOMAIN = 7 };

struct name {
    bool present;
    struct bytes text;
};

struct list {
    bool present;
    uint32_t count;
    struct bytes rows; /* SID lists: the pointers and attributes, the SIDs follow */
};

struct logon {
    size_t start; /* bytes of the whole buffer, to align by */
    struct cursor in;
    struct name names[NAMES];
    uint64_t logoff, password_must_change;
    uint32_t user_id, primary_group, user_flags, account_flags;
    struct list groups, extra, resources;
    bool has_domain_sid, has_resource_sid;
    struct bytes domain_sid, resource_sid;
    char sid[KRB_SID_TEXT_MAX]; /* the user's */
    struct krb_identity *identity;
};

bool krb_sid_text(struct bytes sid, const uint32_t *relative, char out[KRB_SID_TEXT_MAX])
{
    struct cursor in = cursor_over(sid);
    uint8_t revision, count;
    uint16_t high;
    uint32_t low, part;
    int used;

    if (!cursor_u8(&in, &revision) || !cursor_u8(&in, &count) || !cursor_u16be(&in, &high) || !cursor_u32be(&in, &low)
        || revision != 1 || count > 15 || in.rest.size != 4u * count || (relative && count == 15))
        return false;
    used = snprintf(out, KRB_SID_TEXT_MAX, "S-1-%llu", ((unsigned long long)high << 32) | low);
    while (cursor_u32le(&in, &part))
        used += snprintf(out + used, KRB_SID_TEXT_MAX - (size_t)used, "-%u", (unsigned)part);
    if (relative)
        (void)snprintf(out + used, KRB_SID_TEXT_MAX - (size_t)used, "-%u", (unsigned)*relative);
    return true;
}

static bool align(struct logon *logon)
{
    size_t done = logon->start - logon->in.rest.size;

    return cursor_skip(&logon->in, (4 - done % 4) % 4);
}

static bool pointer(struct logon *logon, bool *present)
{
    uint32_t value;

    if (!cursor_u32le(&logon->in, &value))
        return false;
    *present = value != 0;
    return true;
}

static bool name_header(struct logon *logon, struct name *name)
{
    uint16_t size, room;

    return cursor_u16le(&logon->in, &size) && cursor_u16le(&logon->in, &room) && size <= room
           && pointer(logon, &name->present);
}

/* A conformant and varying array of UTF-16. */
static bool name_body(struct logon *logon, struct name *name)
{
    uint32_t room, offset, count;

    if (!name->present)
        return true;
    return align(logon) && cursor_u32le(&logon->in, &room) && cursor_u32le(&logon->in, &offset) && offset == 0
           && cursor_u32le(&logon->in, &count) && count <= room && count <= logon->in.rest.size / 2
           && cursor_take(&logon->in, 2 * (size_t)count, &name->text);
}

/* The two headers of a serialised type, then the pointer to the structure. */
static bool headers_read(struct logon *logon)
{
    uint8_t version, order;
    uint16_t header;
    bool present;

    return cursor_u8(&logon->in, &version) && version == 1 && cursor_u8(&logon->in, &order) && order == 0x10
           && cursor_u16le(&logon->in, &header) && header == 8 && cursor_skip(&logon->in, 12)
           && pointer(logon, &present) && present;
}

static bool fixed_read(struct logon *logon)
{
    struct cursor *in = &logon->in;
    bool ok = cursor_skip(in, 8) /* LogonTime */ && cursor_u64le(in, &logon->logoff)
              && cursor_skip(in, 24) /* KickOffTime, PasswordLastSet, PasswordCanChange */
              && cursor_u64le(in, &logon->password_must_change);

    for (size_t i = 0; ok && i < NAME_SERVER; i++)
        ok = name_header(logon, &logon->names[i]);
    ok = ok && cursor_skip(in, 4) /* LogonCount, BadPasswordCount */ && cursor_u32le(in, &logon->user_id)
         && cursor_u32le(in, &logon->primary_group) && cursor_u32le(in, &logon->groups.count)
         && pointer(logon, &logon->groups.present) && cursor_u32le(in, &logon->user_flags)
         && cursor_skip(in, 16) /* UserSessionKey */ && name_header(logon, &logon->names[NAME_SERVER])
         && name_header(logon, &logon->names[NAME_DOMAIN]) && pointer(logon, &logon->has_domain_sid)
         && cursor_skip(in, 8) /* Reserved1 */ && cursor_u32le(in, &logon->account_flags)
         && cursor_skip(in, 28) /* SubAuthStatus to Reserved3 */ && cursor_u32le(in, &logon->extra.count)
         && pointer(logon, &logon->extra.present) && pointer(logon, &logon->has_resource_sid)
         && cursor_u32le(in, &logon->resources.count) && pointer(logon, &logon->resources.present);
    return ok;
}

/* A list's count stands in its header and again before its rows, each of 8 bytes. */
static bool list_read(struct logon *logon, struct list *list)
{
    uint32_t count;

    if (!list->present)
        return list->count == 0;
    return align(logon) && cursor_u32le(&logon->in, &count) && count == list->count && count <= logon->in.rest.size / 8
           && cursor_take(&logon->in, 8 * (size_t)count, &list->rows);
}

static bool sid_read(struct logon *logon, struct bytes *sid)
{
    uint32_t count;

    return align(logon) && cursor_u32le(&logon->in, &count) && count <= 15
           && cursor_take(&logon->in, 8 + 4 * (size_t)count, sid) && sid->data[1] == count;
}

static bool groups_room(struct logon *logon)
{
    size_t count = (size_t)logon->groups.count + logon->extra.count + logon->resources.count;

    /* 8 bytes each were seen in the token, or will be: a forged count can ask for no more than that. */
    if (count > logon->start / 8)
        return false;
    logon->identity->groups = mem_array(count ? count : 1, sizeof *logon->identity->groups);
    return true;
}

static bool group_add(struct logon *logon, struct bytes sid, const uint32_t *relative, uint32_t attributes)
{
    struct krb_group *group = &logon->identity->groups[logon->identity->group_count];
    const size_t size = sid.size + (relative ? 4 : 0);

    if (sid.size < 8 || size > KRB_SID_MAX || sid.data[0] != 1 || sid.size != 8 + 4 * (size_t)sid.data[1])
        return false;
    memcpy(group->sid, sid.data, sid.size);
    for (size_t i = sid.size; i < size; i++)
        group->sid[i] = (uint8_t)(*relative >> 8 * (i - sid.size));
    group->sid[1] = (uint8_t)((size - 8) / 4);
    group->size = (uint8_t)size;
    group->attributes = attributes;
    logon->identity->group_count++;
    return true;
}

/* Rows of a relative id and attributes. */
static bool relative_groups(struct logon *logon, const struct list *list, struct bytes domain)
{
    struct cursor rows = cursor_over(list->rows);
    uint32_t relative, attributes;

    while (cursor_u32le(&rows, &relative) && cursor_u32le(&rows, &attributes))
        if (!group_add(logon, domain, &relative, attributes))
            return false;
    return true;
}

/* Rows of a pointer and attributes; the SIDs behind them in order. */
static bool extra_groups(struct logon *logon)
{
    struct cursor rows = cursor_over(logon->extra.rows);
    uint32_t reference, attributes;
    struct bytes sid;

    while (cursor_u32le(&rows, &reference) && cursor_u32le(&rows, &attributes))
        if (reference == 0 || !sid_read(logon, &sid) || !group_add(logon, sid, NULL, attributes))
            return false;
    return true;
}

static bool body_read(struct logon *logon)
{
    bool ok = true;

    for (size_t i = 0; ok && i < NAME_SERVER; i++)
        ok = name_body(logon, &logon->names[i]);
    return ok && list_read(logon, &logon->groups) && name_body(logon, &logon->names[NAME_SERVER])
           && name_body(logon, &logon->names[NAME_DOMAIN]) && logon->has_domain_sid
           && sid_read(logon, &logon->domain_sid) && krb_sid_text(logon->domain_sid, &logon->user_id, logon->sid)
           && relative_groups(logon, &logon->groups, logon->domain_sid) && list_read(logon, &logon->extra)
           && extra_groups(logon) && (!logon->has_resource_sid || sid_read(logon, &logon->resource_sid))
           && list_read(logon, &logon->resources) && (logon->resources.count == 0 || logon->has_resource_sid)
           && relative_groups(logon, &logon->resources, logon->resource_sid);
}

static SECURITY_STATUS name_take(const struct name *name, char **out)
{
    SECURITY_STATUS status = utf8_from_utf16le(name->text, out);

    if (status == SEC_E_OK && (strpbrk(*out, "\\/") || !krb_text_printable(bytes_of(*out, strlen(*out)))))
        status = SEC_E_INVALID_PARAMETER;
    return status == SEC_E_INVALID_PARAMETER ? SEC_E_INVALID_TOKEN : status;
}

static int64_t time_take(uint64_t time)
{
    return time == 0 || time >= (uint64_t)CLOCK_FOREVER ? CLOCK_FOREVER : (int64_t)time;
}

SECURITY_STATUS krb_pac_logon_decode(struct bytes buffer, struct krb_identity *identity)
{
    struct logon logon = {.start = buffer.size, .in = cursor_over(buffer), .identity = identity};
    SECURITY_STATUS status;

    if (!headers_read(&logon) || !fixed_read(&logon) || !groups_room(&logon))
        return SEC_E_INVALID_TOKEN;
    if (!identity->groups)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (!body_read(&logon))
        return SEC_E_INVALID_TOKEN;
    identity->sid = mem_strdup(logon.sid);
    if (!identity->sid)
        return SEC_E_INSUFFICIENT_MEMORY;
    identity->user_flags = logon.user_flags;
    identity->account_flags = logon.account_flags;
    identity->logoff_time = time_take(logon.logoff);
    identity->password_expiry = time_take(logon.password_must_change);
    status = name_take(&logon.names[NAME_USER], &identity->user);
    if (status == SEC_E_OK)
        status = name_take(&logon.names[NAME_DOMAIN], &identity->domain);
    if (status == SEC_E_OK)
        status = name_take(&logon.names[NAME_SERVER], &identity->logon_server);
    return status;
}
