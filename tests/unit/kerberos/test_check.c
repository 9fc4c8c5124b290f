/*
 * What check.c says of a service's keys: the keytab is named, and whether the program or the operator named it first.
 */
#define _SEC_WINNT_AUTH_TYPES
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kerberos/kerberos.h"

static struct krb_credential *credential_for(const char *principal)
{
    struct acquire request = {.principal = principal, .use = SECPKG_CRED_INBOUND};
    struct credential *made;

    assert_status(krb_acquire(&request, &made), SEC_E_OK);
    made->use = SECPKG_CRED_INBOUND;
    return (struct krb_credential *)made;
}

static void keytab_write(const char *path)
{
    struct ticket_spec ticket;
    uint8_t room[TICKET_ROOM];
    struct bytes content;
    FILE *file = fopen(path, "wb");

    ticket_spec_usual(&ticket);
    content = keytab_make(&ticket, 1, room);
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(content.data, 1, content.size, file), content.size);
    cr_assert_eq(fclose(file), 0);
}

Test(krb_check, names_the_file_that_has_no_key_of_the_service)
{
    char path[] = "/tmp/sspi-check-XXXXXX";
    struct krb_credential *credential = credential_for("ldap");
    struct failure why = {0};
    bool said = false;

    close(mkstemp(path));
    keytab_write(path);
    assert_status(krb_set_keytab(&credential->base, path, &why), SEC_E_OK);
    assert_status(krb_check(&credential->base, &said, &why), SEC_E_NO_CREDENTIALS);
    cr_assert(said);
    cr_assert(strstr(why.text, path) && strstr(why.text, "ldap"), "%s", why.text);
    krb_credential_free(&credential->base);
    unlink(path);
}

/* The default keytab is nobody's word: Negotiate may do without it. */
Test(krb_check, default_keytab_was_not_said)
{
    struct krb_credential *credential = credential_for(NULL);
    struct failure why = {0};
    bool said = true;

    cr_assert_eq(setenv("KRB5_KTNAME", "/nonexistent/keytab", 1), 0);
    assert_status(krb_check(&credential->base, &said, &why), SEC_E_NO_CREDENTIALS);
    cr_assert(!said);
    cr_assert(strstr(why.text, "/nonexistent/keytab"), "%s", why.text);
    krb_credential_free(&credential->base);
    cr_assert_eq(unsetenv("KRB5_KTNAME"), 0);
}
