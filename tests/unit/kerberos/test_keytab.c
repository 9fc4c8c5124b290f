/*
 * Keytabs (keytab.c, keys.c, credential.c, heimdal.c): bytes and files, rotation, who may read them; and which services
 * a credential is for.
 */
#define _SEC_WINNT_AUTH_TYPES
#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

struct keytab_rig {
    struct rig rig;
    char folder[64], path[96];
};

static void file_write(const char *path, struct bytes content)
{
    FILE *file = fopen(path, "wb");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(content.data, 1, content.size, file), content.size);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, 0600), 0);
}

static void keytab_write(const struct keytab_rig *rig, const struct ticket_spec *tickets, size_t count)
{
    uint8_t room[TICKET_ROOM];

    file_write(rig->path, keytab_make(tickets, count, room));
}

static void keytab_open(struct keytab_rig *rig)
{
    rig_open_with(&rig->rig, "HTTP", (struct bytes){0});
    snprintf(rig->folder, sizeof rig->folder, "/tmp/sspi-keytab-XXXXXX");
    cr_assert_not_null(mkdtemp(rig->folder));
    snprintf(rig->path, sizeof rig->path, "%s/keytab", rig->folder);
    keytab_write(rig, &rig->rig.ticket, 1);
}

static void keytab_close(struct keytab_rig *rig)
{
    rig_close(&rig->rig);
    unlink(rig->path);
    cr_assert_eq(rmdir(rig->folder), 0);
}

Test(krb_keytab, by_path)
{
    struct keytab_rig rig;

    keytab_open(&rig);
    assert_status(SspiCredentialSetKeytab(&rig.rig.credential, rig.path), SEC_E_OK);
    expect(&rig.rig, SEC_E_OK, SSPI_REASON_NONE);
    keytab_close(&rig);
}

Test(krb_keytab, by_option)
{
    struct keytab_rig rig;

    keytab_open(&rig);
    rig_option(&rig.rig, "keytab", rig.path);
    expect(&rig.rig, SEC_E_OK, SSPI_REASON_NONE);
    keytab_close(&rig);
}

Test(krb_keytab, missing_is_named)
{
    struct keytab_rig rig;
    char *why;

    keytab_open(&rig);
    assert_status(SspiCredentialSetKeytab(&rig.rig.credential, "/nonexistent/keytab"), SEC_E_NO_CREDENTIALS);
    assert_status(SspiExplainLastFailure(&why), SEC_E_OK);
    cr_assert_not_null(strstr(why, "/nonexistent/keytab"));
    FreeContextBuffer(why);
    rig_option(&rig.rig, "keytab", "/nonexistent/keytab");
    expect(&rig.rig, SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB);
    keytab_close(&rig);
}

Test(krb_keytab, rotated_without_a_restart)
{
    struct ticket_spec tickets[2];
    struct keytab_rig rig;

    keytab_open(&rig);
    assert_status(SspiCredentialSetKeytab(&rig.rig.credential, rig.path), SEC_E_OK);
    expect(&rig.rig, SEC_E_OK, SSPI_REASON_NONE);
    tickets[0] = tickets[1] = rig.rig.ticket;
    tickets[1].key = ticket_key(KRB_ETYPE_AES256_SHA1, 4, 60);
    rig.rig.ticket = tickets[1];
    expect(&rig.rig, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY);
    keytab_write(&rig, tickets, 2);
    expect(&rig.rig, SEC_E_OK, SSPI_REASON_NONE); /* found with the first ticket that needs it */
    rig.rig.ticket = tickets[0];
    expect(&rig.rig, SEC_E_OK, SSPI_REASON_NONE);
    keytab_write(&rig, tickets + 1, 1);
    clock_advance_ms(1001);
    expect(&rig.rig, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY); /* the old key is gone within a second */
    unlink(rig.path);
    clock_advance_ms(1001);
    expect(&rig.rig, SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB);
    keytab_close(&rig);
}

Test(krb_keytab, half_written_keeps_the_old_keys)
{
    struct keytab_rig rig;

    keytab_open(&rig);
    assert_status(SspiCredentialSetKeytab(&rig.rig.credential, rig.path), SEC_E_OK);
    file_write(rig.path, bytes_of("\x05\x02\x00\x00", 4));
    clock_advance_ms(1001);
    expect(&rig.rig, SEC_E_OK, SSPI_REASON_NONE);
    keytab_close(&rig);
}

Test(krb_keytab, open_to_others_is_refused)
{
    static const mode_t modes[] = {0644, 0606, 0660, 0601};
    struct keytab_rig rig;

    keytab_open(&rig);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        cr_assert_eq(chmod(rig.path, modes[i]), 0);
        assert_status(SspiCredentialSetKeytab(&rig.rig.credential, rig.path), SEC_E_NO_CREDENTIALS);
    }
    cr_assert_eq(chmod(rig.path, 0640), 0);
    assert_status(SspiCredentialSetKeytab(&rig.rig.credential, rig.path), SEC_E_OK);
    assert_status(SspiCredentialSetKeytab(&rig.rig.credential, rig.folder), SEC_E_NO_CREDENTIALS);
    keytab_close(&rig);
}

Test(krb_keytab, of_many_entries_and_types)
{
    struct ticket_spec tickets[40];
    uint8_t room[TICKET_ROOM];
    struct rig rig;

    for (size_t i = 0; i < 40; i++) {
        ticket_spec_usual(&tickets[i]);
        tickets[i].service = i % 2 ? "HTTP/server.example.test" : "host/server.example.test";
        tickets[i].key = ticket_key((int32_t[]){17, 18, 19, 20, 3}[i % 5], (uint32_t)i, (uint8_t)i);
    }
    rig_open_with(&rig, "HTTP", keytab_make(tickets, 40, room));
    rig.ticket = tickets[21];
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig.ticket = tickets[22];
    expect(&rig, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE);
    rig_close(&rig);
}

/* Versions of more than eight bits stand in a field of their own. */
Test(krb_keytab, long_key_version)
{
    uint8_t room[TICKET_ROOM];
    struct ticket_spec ticket;
    struct rig rig;

    ticket_spec_usual(&ticket);
    ticket.key.version = 0x10003;
    rig_open_with(&rig, "HTTP", keytab_make(&ticket, 1, room));
    rig.ticket.key.version = 3;
    expect(&rig, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY);
    rig.ticket.key.version = 0x10003;
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig_close(&rig);
}

Test(krb_keytab, holes_are_skipped)
{
    uint8_t room[TICKET_ROOM], with_hole[TICKET_ROOM] = {5, 2, 0xFF, 0xFF, 0xFF, 0xFC, 1, 2, 3, 4};
    struct krb_keys *keys;
    struct ticket_spec ticket;
    struct bytes plain;

    ticket_spec_usual(&ticket);
    plain = keytab_make(&ticket, 1, room);
    memcpy(with_hole + 10, plain.data + 2, plain.size - 2);
    assert_status(krb_keytab_parse(bytes_of(with_hole, plain.size + 8), "here", &keys, NULL), SEC_E_OK);
    cr_assert_eq(keys->count, 1);
    cr_assert_str_eq(keys->rows[0].name, "HTTP/server.example.test");
    cr_assert_str_eq(keys->rows[0].realm, "EXAMPLE.TEST");
    cr_assert_eq(keys->rows[0].version, 3);
    krb_keys_release(keys);
}

Test(krb_keytab, truncated_and_altered)
{
    uint8_t room[TICKET_ROOM];
    struct krb_keys *keys;
    struct ticket_spec ticket;
    struct bytes plain;

    ticket_spec_usual(&ticket);
    plain = keytab_make(&ticket, 1, room);
    for (size_t size = 0; size < plain.size; size++) {
        uint8_t *exact = mem_dup(plain.data, size);

        assert_status(krb_keytab_parse(bytes_of(exact, size), "here", &keys, NULL), SEC_E_NO_CREDENTIALS);
        mem_free(exact);
    }
    for (size_t at = 0; at < plain.size; at++) {
        room[at] ^= 0x81;
        if (krb_keytab_parse(plain, "here", &keys, NULL) == SEC_E_OK)
            krb_keys_release(keys);
        room[at] ^= 0x81;
    }
}

Test(krb_keytab, every_allocation_failing)
{
    struct ticket_spec tickets[20];
    uint8_t room[TICKET_ROOM];
    struct krb_keys *keys;
    struct bytes content;
    size_t nth = 0, live;

    for (size_t i = 0; i < 20; i++)
        ticket_spec_usual(&tickets[i]);
    content = keytab_make(tickets, 20, room);
    assert_status(krb_keytab_parse(content, "here", &keys, NULL), SEC_E_OK); /* what a thread keeps is made */
    krb_keys_release(keys);
    live = memory_live();
    do {
        memory_fail_at(++nth);
        if (krb_keytab_parse(content, "here", &keys, NULL) == SEC_E_OK)
            krb_keys_release(keys);
        else
            cr_assert_null(keys);
        cr_assert_eq(memory_live(), live);
    } while (memory_count() >= nth);
    memory_fail_at(0);
    cr_assert_gt(nth, 40);
}

/* MIT and AD derive the same keys: RFC 3962 gives the function, the salt is realm and name. */
Test(krb_keytab, keys_of_a_password)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        (UCHAR *)"HTTP/server.example.test", 24, (UCHAR *)"EXAMPLE.TEST", 12, (UCHAR *)"password", 8,
        SEC_WINNT_AUTH_IDENTITY_ANSI};
    struct krb_keys *keys = krb_keys_new();
    struct rig rig;

    cr_assert_not_null(keys);
    assert_status(krb_password_keys(keys, "HTTP/server.example.test", "EXAMPLE.TEST", bytes_of("password", 8), NULL),
                  SEC_E_OK);
    cr_assert_eq(keys->count, 5);
    rig_open(&rig);
    rig_close(&rig);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Kerberos", SECPKG_CRED_INBOUND, NULL, &identity, NULL,
                                            NULL, &rig.credential, NULL),
                  SEC_E_OK);
    rig_option(&rig, "replay_cache", "memory");
    for (size_t i = 0; i < 4; i++) {
        rig.ticket.key.etype = keys->rows[i].key.etype->number;
        rig.ticket.key.size = keys->rows[i].key.etype->key_size;
        memcpy(rig.ticket.key.value, keys->rows[i].key.data, rig.ticket.key.size);
        expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    }
    krb_keys_release(keys);
    rig_close(&rig);
}

/* A SEC_WINNT_AUTH_IDENTITY_EX2 with a packed keytab. */
Test(krb_keytab, in_a_packed_identity)
{
    struct {
        SEC_WINNT_AUTH_IDENTITY_EX2 header;
        SEC_WINNT_AUTH_PACKED_CREDENTIALS packed;
        uint8_t keytab[512];
    } block = {0};
    uint8_t room[TICKET_ROOM];
    struct ticket_spec ticket;
    struct bytes keytab;
    struct rig rig;

    rig_open(&rig);
    assert_status(FreeCredentialsHandle(&rig.credential), SEC_E_OK);
    ticket_spec_usual(&ticket);
    keytab = keytab_make(&ticket, 1, room);
    cr_assert_leq(keytab.size, sizeof block.keytab);
    memcpy(block.keytab, keytab.data, keytab.size);
    block.header.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2;
    block.header.cbHeaderLength = (USHORT)sizeof block.header;
    block.header.cbStructureLength = sizeof block;
    block.header.PackedCredentialsOffset = sizeof block.header;
    block.header.PackedCredentialsLength = sizeof block - sizeof block.header;
    block.packed.cbHeaderLength = (USHORT)sizeof block.packed;
    block.packed.cbStructureLength = (USHORT)(sizeof block - sizeof block.header);
    block.packed.AuthData.CredType = SEC_WINNT_AUTH_DATA_TYPE_KEYTAB;
    block.packed.AuthData.CredData.ByteArrayOffset = sizeof block.packed;
    block.packed.AuthData.CredData.ByteArrayLength = (USHORT)keytab.size;
    assert_status(AcquireCredentialsHandleA((SEC_CHAR *)"HTTP", (SEC_CHAR *)"Kerberos", SECPKG_CRED_INBOUND, NULL,
                                            &block, NULL, NULL, &rig.credential, NULL),
                  SEC_E_OK);
    rig_option(&rig, "replay_cache", "memory");
    expect(&rig, SEC_E_OK, SSPI_REASON_NONE);
    rig_close(&rig);
    block.keytab[0] = 4;
    assert_status(AcquireCredentialsHandleA((SEC_CHAR *)"HTTP", (SEC_CHAR *)"Kerberos", SECPKG_CRED_INBOUND, NULL,
                                            &block, NULL, NULL, &rig.credential, NULL),
                  SEC_E_NO_CREDENTIALS);
}

Test(krb_keytab, service_patterns)
{
    static const struct {
        const char *patterns, *name, *realm;
        bool matches;
    } rows[] = {
        {"HTTP", "HTTP/host", "R", true},      {"HTTP/", "http/host", "R", true},
        {"HTTP", "HTTPS/host", "R", false},    {"HTT", "HTTP/host", "R", false},
        {"HTTP/host", "HTTP/HOST", "R", true}, {"HTTP/host", "HTTP/host2", "R", false},
        {"HTTP/host", "HTTP/hos", "R", false}, {"HTTP@R", "HTTP/host", "R", true},
        {"HTTP@S", "HTTP/host", "R", false},   {"*@R", "anything", "R", true},
        {"*", "anything", "R", true},          {"a b,HTTP/host@R", "HTTP/host", "R", true},
        {"", "HTTP/host", "R", false},         {" , ", "HTTP/host", "R", false},
        {"@R", "HTTP/host", "R", false},       {"/", "HTTP/host", "R", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(krb_service_matches(rows[i].patterns, rows[i].name, rows[i].realm), rows[i].matches);
}
