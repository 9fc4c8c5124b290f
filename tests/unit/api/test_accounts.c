/*
 * SspiAccountStore*: what callers may pass, what they get, and that every failure can be explained.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/context_buffer.h"
#include "sspi_ext.h"
#include "test.h"

static SspiAccountStore *memory_store(void)
{
    SspiAccountStore *store;

    assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
    return store;
}

/* The last failure speaks of `what`. */
static void assert_explained(const char *what)
{
    char *text;

    assert_status(SspiExplainLastFailure(&text), SEC_E_OK);
    cr_assert(strstr(text, what), "\"%s\" speaks of \"%s\"", text, what);
    assert_status(FreeContextBuffer(text), SEC_E_OK);
}

Test(accounts, no_pointer_may_be_missing)
{
    SspiAccountStore *store = memory_store(), *none;
    PSSPI_ACCOUNT accounts;
    ULONG count;

    assert_status(SspiAccountStoreOpen(NULL, &none), SEC_E_INVALID_PARAMETER);
    assert_explained("location");
    assert_status(SspiAccountStoreOpen("memory:", NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreCreate(NULL, &none), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreCreate("memory:", NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAdd(NULL, "a", NULL, "x", 1), SEC_E_INVALID_PARAMETER);
    assert_explained("store");
    assert_status(SspiAccountStoreAdd(store, NULL, NULL, "x", 1), SEC_E_INVALID_PARAMETER);
    assert_explained("user");
    assert_status(SspiAccountStoreAdd(store, "a", NULL, NULL, 1), SEC_E_INVALID_PARAMETER);
    assert_explained("password");
    assert_status(SspiAccountStoreAddNtHash(store, "a", NULL, NULL, 16), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreRemove(NULL, "a", NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreRemove(store, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreSetDisabled(NULL, "a", NULL, 1), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreSetDisabled(store, NULL, NULL, 1), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreList(NULL, &count, &accounts), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreList(store, NULL, &accounts), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreList(store, &count, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreImport(NULL, "memory:", &count), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreImport(store, NULL, &count), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreImport(store, "memory:", NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreFromCallback(NULL, NULL, NULL, &none), SEC_E_INVALID_PARAMETER);
    assert_explained("lookup");
    SspiAccountStoreFree(NULL);
    SspiAccountStoreFree(store);
}

Test(accounts, names_and_keys_are_checked)
{
    static const unsigned char empty_hash[16] = {0x31, 0xD6, 0xCF, 0xE0, 0xD1, 0x6A, 0xE9, 0x31,
                                                 0xB7, 0x3C, 0x59, 0xD7, 0xE0, 0xC0, 0x89, 0xC0};
    static char longest[4097];
    SspiAccountStore *store = memory_store();
    PSSPI_ACCOUNT accounts;
    ULONG count;

    memset(longest, 'a', sizeof longest);
    assert_status(SspiAccountStoreAdd(store, "", NULL, "x", 1), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAdd(store, "\xFF", NULL, "x", 1), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAdd(store, "a", "\xFF", "x", 1), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAdd(store, "a\n", NULL, "x", 1), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAdd(store, "a", NULL, "x", 0), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAdd(store, "a", NULL, "\xFF", 1), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAdd(store, "a", NULL, longest, 4097), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAddNtHash(store, "a", NULL, "0123456789abcdef", 15), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAddNtHash(store, "a", NULL, "0123456789abcdefg", 17), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountStoreAddNtHash(store, "a", NULL, empty_hash, 16), SEC_E_INVALID_PARAMETER);
    assert_explained("empty password");
    assert_status(SspiAccountStoreList(store, &count, &accounts), SEC_E_OK);
    cr_assert_eq(count, 0);
    assert_status(FreeContextBuffer(accounts), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(store, "a", NULL, longest, 4096), SEC_E_OK);
    SspiAccountStoreFree(store);
}

Test(accounts, a_list_is_sorted_and_one_allocation)
{
    SspiAccountStore *store = memory_store();
    size_t live = context_buffer_count();
    PSSPI_ACCOUNT accounts;
    ULONG count;

    assert_status(SspiAccountStoreAdd(store, "zoe", "", "x", 1), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(store, "bob", "EX", "x", 1), SEC_E_OK);
    assert_status(SspiAccountStoreAddNtHash(store, "alice", "EX", "0123456789abcdef", 16), SEC_E_OK);
    assert_status(SspiAccountStoreSetDisabled(store, "BOB", "ex", 1), SEC_E_OK);
    assert_status(SspiAccountStoreSetDisabled(store, "nobody", "ex", 1), SEC_E_LOGON_DENIED);
    assert_explained("nobody");
    assert_status(SspiAccountStoreList(store, &count, &accounts), SEC_E_OK);
    cr_assert_eq(count, 3);
    cr_assert_str_eq(accounts[0].User, "zoe");
    cr_assert_str_eq(accounts[0].Domain, "");
    cr_assert_str_eq(accounts[1].User, "alice");
    cr_assert_eq(accounts[1].Flags, 0);
    cr_assert_str_eq(accounts[2].User, "bob");
    cr_assert_str_eq(accounts[2].Domain, "EX");
    cr_assert_eq(accounts[2].Flags, SSPI_ACCOUNT_DISABLED);
    cr_assert_eq(context_buffer_count(), live + 1);
    assert_status(FreeContextBuffer(accounts), SEC_E_OK);
    assert_status(SspiAccountStoreRemove(store, "bob", "EX"), SEC_E_OK);
    assert_status(SspiAccountStoreRemove(store, "bob", "EX"), SEC_E_LOGON_DENIED);
    SspiAccountStoreFree(store);
}

Test(accounts, import_copies_all_or_tells_why_not)
{
    SspiAccountStore *store = memory_store();
    char path[] = "/tmp/sspi-import-XXXXXX", location[64];
    int descriptor = mkstemp(path);
    PSSPI_ACCOUNT accounts;
    ULONG count = 7;

    snprintf(location, sizeof location, "ntlm-user-file:%s", path);
    cr_assert_eq(write(descriptor, "EX:a:x\n:b:y\n", 12), 12);
    assert_status(SspiAccountStoreImport(store, location, &count), SEC_E_OK);
    cr_assert_eq(count, 2);
    cr_assert_eq(write(descriptor, "broken\n", 7), 7);
    assert_status(SspiAccountStoreImport(store, location, &count), SEC_E_NO_CREDENTIALS);
    cr_assert_eq(count, 0);
    assert_explained(path);
    assert_explained("line 3");
    assert_status(SspiAccountStoreList(store, &count, &accounts), SEC_E_OK);
    cr_assert_eq(count, 2);
    assert_status(FreeContextBuffer(accounts), SEC_E_OK);
    (void)close(descriptor);
    (void)remove(path);
    SspiAccountStoreFree(store);
}
