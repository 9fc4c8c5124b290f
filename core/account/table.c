/*
 * A hash table of accounts by folded user and domain, and of the domains that occur in it: what every store
 * that fits in memory searches when a client claims a name.
 */
#include "account/table.h"

#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"

struct entry {
    struct entry *next;
    char *user; /* folded; NULL for the entry that stands for a domain */
    char *domain;
    size_t uses; /* of a domain: accounts in it */
    uint32_t hash;
    struct account account;
};

struct account_table {
    atomic_uint references;
    size_t count; /* accounts and domains */
    size_t accounts;
    size_t size; /* of buckets, a power of two */
    struct entry **buckets;
};

#define SMALLEST_SIZE 16

/* A name folded for comparison. */
struct key {
    char *user;
    char *domain;
};

static void key_clear(struct key *key)
{
    mem_free(key->user);
    mem_free(key->domain);
    *key = (struct key){0};
}

static bool key_make(const char *user, const char *domain, struct key *key)
{
    key->user = utf8_uppercase(user);
    key->domain = utf8_uppercase(domain);
    if (key->user && key->domain)
        return true;
    key_clear(key);
    return false;
}

static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u; /* FNV-1a: only the operator chooses what is in a table */
    return (hash ^ 0xFFu) * 16777619u;
}

/* `user` NULL: the domain itself. */
static uint32_t hash_key(const char *user, const char *domain)
{
    uint32_t hash = hash_text(2166136261u, domain);

    return user ? hash_text(hash, user) : hash;
}

static bool entry_is(const struct entry *entry, uint32_t hash, const char *user, const char *domain)
{
    if (entry->hash != hash || !entry->user != !user || strcmp(entry->domain, domain) != 0)
        return false;
    return !user || strcmp(entry->user, user) == 0;
}

static struct entry **table_slot(const struct account_table *table, const char *user, const char *domain)
{
    uint32_t hash = hash_key(user, domain);
    struct entry **slot = &table->buckets[hash & (table->size - 1)];

    while (*slot && !entry_is(*slot, hash, user, domain))
        slot = &(*slot)->next;
    return slot;
}

static void entry_free(struct entry *entry)
{
    if (!entry)
        return;
    account_clear(&entry->account);
    mem_free(entry->user);
    mem_free(entry->domain);
    mem_free(entry);
}

static struct entry *entry_new(const char *user, const char *domain)
{
    struct entry *entry = mem_zalloc(sizeof *entry);

    if (!entry)
        return NULL;
    entry->user = mem_strdup(user);
    entry->domain = mem_strdup(domain);
    entry->hash = hash_key(user, domain);
    if ((user && !entry->user) || !entry->domain) {
        entry_free(entry);
        return NULL;
    }
    return entry;
}

/* Doubles the buckets. Without memory the old ones stay, only slower. */
static void table_grow(struct account_table *table)
{
    size_t size = table->size * 2;
    struct entry **buckets = mem_array(size, sizeof(struct entry *));

    if (!buckets)
        return;
    for (size_t i = 0; i < table->size; i++) {
        struct entry *entry = table->buckets[i];
        while (entry) {
            struct entry *next = entry->next;
            entry->next = buckets[entry->hash & (size - 1)];
            buckets[entry->hash & (size - 1)] = entry;
            entry = next;
        }
    }
    mem_free(table->buckets);
    table->buckets = buckets;
    table->size = size;
}

static void table_link(struct account_table *table, struct entry *entry)
{
    struct entry **bucket;

    if (table->count >= table->size)
        table_grow(table);
    bucket = &table->buckets[entry->hash & (table->size - 1)];
    entry->next = *bucket;
    *bucket = entry;
    table->count++;
}

static void table_unlink(struct account_table *table, struct entry **slot)
{
    struct entry *entry = *slot;

    *slot = entry->next;
    table->count--;
    entry_free(entry);
}

struct account_table *account_table_new(void)
{
    struct account_table *table = mem_zalloc(sizeof *table);

    if (!table)
        return NULL;
    atomic_init(&table->references, 1);
    table->size = SMALLEST_SIZE;
    table->buckets = mem_array(table->size, sizeof(struct entry *));
    if (!table->buckets) {
        mem_free(table);
        return NULL;
    }
    return table;
}

struct account_table *account_table_retain(struct account_table *table)
{
    atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
    return table;
}

void account_table_release(struct account_table *table)
{
    if (!table || atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < table->size; i++)
        while (table->buckets[i])
            table_unlink(table, &table->buckets[i]);
    mem_free(table->buckets);
    mem_free(table);
}

size_t account_table_count(const struct account_table *table)
{
    return table->accounts;
}

bool account_copy(const struct account *account, struct account *copy)
{
    *copy = *account;
    copy->user = mem_strdup(account->user);
    copy->domain = mem_strdup(account->domain);
    if (copy->user && copy->domain)
        return true;
    account_clear(copy);
    return false;
}

static bool replace_account(struct entry *entry, const struct account *account)
{
    struct account copy;

    if (!account_copy(account, &copy))
        return false;
    copy.disabled = copy.disabled || entry->account.disabled;
    copy.locked = copy.locked || entry->account.locked;
    account_clear(&entry->account);
    entry->account = copy;
    secret_wipe(&copy, sizeof copy);
    return true;
}

static bool insert_account(struct account_table *table, const struct key *key, const struct account *account)
{
    struct entry *domain = *table_slot(table, NULL, key->domain);
    struct entry *new_domain = domain ? NULL : entry_new(NULL, key->domain);
    struct entry *entry = entry_new(key->user, key->domain);

    if ((!domain && !new_domain) || !entry || !account_copy(account, &entry->account)) {
        entry_free(new_domain);
        entry_free(entry);
        return false;
    }
    if (new_domain)
        table_link(table, new_domain);
    (domain ? domain : new_domain)->uses++;
    table_link(table, entry);
    table->accounts++;
    return true;
}

bool account_table_put(struct account_table *table, const struct account *account, bool *replaced)
{
    struct key key;
    struct entry *entry;
    bool done;

    *replaced = false;
    if (!key_make(account->user, account->domain, &key))
        return false;
    entry = *table_slot(table, key.user, key.domain);
    *replaced = entry != NULL;
    done = entry ? replace_account(entry, account) : insert_account(table, &key, account);
    key_clear(&key);
    return done;
}

struct account *account_table_exact(struct account_table *table, const char *user, const char *domain)
{
    struct key key;
    struct entry *entry;

    if (!key_make(user, domain, &key))
        return NULL;
    entry = *table_slot(table, key.user, key.domain);
    key_clear(&key);
    return entry ? &entry->account : NULL;
}

bool account_table_remove(struct account_table *table, const char *user, const char *domain)
{
    struct key key;
    struct entry **slot, **domain_slot;
    bool found;

    if (!key_make(user, domain, &key))
        return false;
    slot = table_slot(table, key.user, key.domain);
    found = *slot != NULL;
    if (found) {
        table_unlink(table, slot);
        table->accounts--;
        domain_slot = table_slot(table, NULL, key.domain);
        if (--(*domain_slot)->uses == 0)
            table_unlink(table, domain_slot);
    }
    key_clear(&key);
    return found;
}

SECURITY_STATUS account_table_find(struct account_table *table, const char *user, const char *domain,
                                   struct account *account)
{
    struct key key;
    const struct entry *exact, *known, *fallback, *found;

    *account = (struct account){0};
    if (!key_make(user, domain, &key))
        return SEC_E_INSUFFICIENT_MEMORY;
    exact = *table_slot(table, key.user, key.domain);
    known = *table_slot(table, NULL, key.domain);
    fallback = *table_slot(table, key.user, "");
    found = exact ? exact : known ? NULL : fallback;
    key_clear(&key);
    if (!found)
        return SEC_E_LOGON_DENIED;
    return account_copy(&found->account, account) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS account_table_each(struct account_table *table,
                                   SECURITY_STATUS (*visit)(void *argument, const struct account *account),
                                   void *argument)
{
    for (size_t i = 0; i < table->size; i++)
        for (struct entry *entry = table->buckets[i]; entry; entry = entry->next) {
            SECURITY_STATUS status = entry->user ? visit(argument, &entry->account) : SEC_E_OK;
            if (status != SEC_E_OK)
                return status;
        }
    return SEC_E_OK;
}
