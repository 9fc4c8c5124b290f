/*
 * Files with certificates, keys and passwords, one by one and in folders: file.c, folder.c, configured.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/live.h"
#include "base/settings.h"
#include "certificate/file.h"
#include "certificate/folder.h"
#include "certificate_rig.h"

#define NAME "www.example.com"

static void refused(const char *path, const char *key_path, const char *words)
{
    struct certificate *certificate;
    struct failure failure = {0};

    assert_status(certificate_load_file(path, key_path, (struct bytes){0}, true, &certificate, &failure),
                  SEC_E_NO_CREDENTIALS);
    cr_assert_null(certificate);
    cr_assert_not_null(strstr(failure.text, words), "\"%s\" does not say \"%s\"", failure.text, words);
    cr_assert_not_null(strstr(failure.text, key_path ? key_path : path), "\"%s\" does not name the file", failure.text);
}

static void accepted(const char *path, const char *key_path)
{
    struct certificate *certificate;
    struct failure failure = {0};

    cr_assert_eq(certificate_load_file(path, key_path, (struct bytes){0}, true, &certificate, &failure), SEC_E_OK, "%s",
                 failure.text);
    cr_assert_str_eq(certificate->where, path);
    certificate_release(certificate);
}

Test(file, keys_are_closed_to_others)
{
    struct bytes both = rig_pem(NAME, PKI_P256, true, true);
    const char *certificate = rig_file("web.crt", rig_pem(NAME, PKI_P256, false, true), 0644);
    const char *key = rig_file("web.key", rig_key_pem(PKI_P256, NULL, false), 0600);

    accepted(rig_file("both.pem", both, 0600), NULL);
    accepted(rig_file("group.pem", both, 0640), NULL);
    accepted(certificate, key);
    refused(rig_file("open.pem", both, 0644), NULL, "others may read");
    refused(rig_file("writable.pem", both, 0660), NULL, "others may read");
    refused(certificate, rig_file("open.key", rig_key_pem(PKI_P256, NULL, false), 0604), "others may read");
    refused(rig_file("open.p12", rig_pkcs12(NAME, PKI_P256, "Zebra9"), 0644), NULL, "others may read");
    refused(certificate, NULL, "no private key");
}

Test(file, what_is_no_file)
{
    char pipe[128];

    snprintf(pipe, sizeof pipe, "%s/pipe", rig_folder());
    cr_assert_eq(mkfifo(pipe, 0600), 0);
    refused(pipe, NULL, "not a regular file");
    refused(rig_folder(), NULL, "not a regular file");
    refused("/tmp/there/is/nothing", NULL, "No such file");
    refused(rig_file("empty.pem", rig_text(""), 0600), NULL, "is empty");
    refused(rig_file("wrong.pem", rig_text("nonsense"), 0600), NULL, "neither PEM");
}

Test(file, limit)
{
    const char *path = rig_file("ten", rig_text("0123456789"), 0600);
    struct secret content;

    assert_status(certificate_file_read(path, 10, file_always_secret, &content, NULL), SEC_E_OK);
    cr_assert_eq(content.size, 10);
    assert_mem_eq(content.data, "0123456789", 10);
    secret_clear(&content);
    assert_status(certificate_file_read(path, 9, file_always_secret, &content, NULL), SEC_E_NO_CREDENTIALS);
    cr_assert_null(content.data);
}

/* ---- What options name ---- */

struct seen {
    char names[256];
    SECURITY_STATUS answer;
};

static SECURITY_STATUS see(void *argument, struct certificate *certificate, struct failure *failure)
{
    struct seen *seen = argument;

    (void)failure;
    cr_assert_not_null(certificate->key);
    strcat(seen->names, strrchr(certificate->where, '/') + 1);
    strcat(seen->names, " ");
    return seen->answer;
}

static SECURITY_STATUS configured(struct settings *settings, struct seen *seen)
{
    struct failure failure = {0};

    seen->names[0] = '\0';
    return certificate_configured_each(settings, see, seen, &failure);
}

static const char *sub_folder(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", rig_folder(), name);
    cr_assert_eq(mkdir(path, 0700), 0);
    return path;
}

Test(configured, file_and_folder)
{
    struct settings settings = {0};
    struct seen seen = {0};
    char folder[256];

    snprintf(folder, sizeof folder, "%s", sub_folder("many"));
    assert_status(configured(&settings, &seen), SEC_E_OK);
    cr_assert_str_eq(seen.names, "");
    settings.tls_certificate = folder;
    assert_status(configured(&settings, &seen), SEC_E_NO_CREDENTIALS);
    rig_file("many/b.pem", rig_pem("b.example.com", PKI_P256, true, false), 0600);
    rig_file("many/a.pem", rig_pem("a.example.com", PKI_RSA, true, false), 0600);
    rig_file("many/.c.pem", rig_text("hidden"), 0600);
    sub_folder("many/below");
    assert_status(configured(&settings, &seen), SEC_E_OK);
    cr_assert_str_eq(seen.names, "a.pem b.pem ");
    seen.answer = SEC_E_INSUFFICIENT_MEMORY;
    assert_status(configured(&settings, &seen), SEC_E_INSUFFICIENT_MEMORY);
    cr_assert_str_eq(seen.names, "a.pem ");
    seen.answer = SEC_E_OK;
    settings.tls_private_key = (char *)"/tmp/key";
    assert_status(configured(&settings, &seen), SEC_E_INVALID_PARAMETER);
    settings.tls_private_key = NULL;
    rig_file("many/d.pem", rig_text("damaged"), 0600);
    assert_status(configured(&settings, &seen), SEC_E_NO_CREDENTIALS);
    cr_assert_eq(live_count(), 0);
}

Test(configured, password_from_a_file)
{
    struct settings settings = {0};
    struct seen seen = {0};

    settings.tls_certificate = (char *)rig_file("p.p12", rig_pkcs12(NAME, PKI_P256, "Zebra9"), 0600);
    assert_status(configured(&settings, &seen), SEC_E_NO_CREDENTIALS);
    settings.tls_password_file = (char *)rig_file("password", rig_text("Zebra9\nsecond line\n"), 0600);
    assert_status(configured(&settings, &seen), SEC_E_OK);
    cr_assert_str_eq(seen.names, "p.p12 ");
    settings.tls_password_file = (char *)rig_file("open", rig_text("Zebra9"), 0644);
    assert_status(configured(&settings, &seen), SEC_E_NO_CREDENTIALS);
}
