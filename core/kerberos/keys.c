/*
 * Sets of service keys: what a keytab or a password gives the acceptor. Shared by reference, never changed once in use.
 */
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "kerberos/kerberos.h"

struct krb_keys *krb_keys_new(void)
{
    struct krb_keys *keys = mem_zalloc(sizeof *keys);

    if (!keys)
        return NULL;
    atomic_init(&keys->references, 1);
    keys->one_service = true;
    return keys;
}

struct krb_keys *krb_keys_retain(struct krb_keys *keys)
{
    atomic_fetch_add_explicit(&keys->references, 1, memory_order_relaxed);
    return keys;
}

void krb_keys_release(struct krb_keys *keys)
{
    if (!keys || atomic_fetch_sub_explicit(&keys->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < keys->count; i++) {
        mem_free(keys->rows[i].name);
        mem_free(keys->rows[i].realm);
    }
    mem_free_secret(keys->rows, keys->room * sizeof *keys->rows);
    mem_free(keys);
}

static bool grow(struct krb_keys *keys)
{
    size_t room = keys->room ? 2 * keys->room : 8;
    struct krb_service_key *rows = keys->count < keys->room ? keys->rows : mem_array(room, sizeof *rows);

    if (!rows || rows == keys->rows)
        return rows != NULL;
    for (size_t i = 0; i < keys->count; i++)
        rows[i] = keys->rows[i];
    mem_free_secret(keys->rows, keys->room * sizeof *rows);
    keys->rows = rows;
    keys->room = room;
    return true;
}

SECURITY_STATUS krb_keys_add(struct krb_keys *keys, const char *name, const char *realm, bool any_version,
                             uint32_t version, int32_t etype, struct bytes value)
{
    struct krb_service_key row = {.any_version = any_version, .version = version};
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    if (!krb_etype_find(etype))
        return SEC_E_OK;
    if (!krb_key_set(&row.key, etype, value))
        return SEC_E_INVALID_TOKEN;
    row.name = mem_strdup(name);
    row.realm = mem_strdup(realm);
    if (!krb_usage_derive(&row.key, KRB_USAGE_TICKET, &row.ticket))
        status = SEC_E_INTERNAL_ERROR;
    else if (row.name && row.realm && grow(keys))
        status = SEC_E_OK;
    if (status != SEC_E_OK) {
        mem_free(row.name);
        mem_free(row.realm);
    } else {
        keys->rows[keys->count++] = row;
        keys->one_service =
            keys->one_service && strcasecmp(keys->rows[0].name, name) == 0 && strcmp(keys->rows[0].realm, realm) == 0;
    }
    secret_wipe(&row, sizeof row);
    return status;
}
