/*
 * hashes.c: certificates that programs name by their hash, found where the operator configured some.
 */
#include "own_rig.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct tls_pair pair;
static char folder[64];

static void folder_add(const char *name, const char *content)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(content, file);
    fclose(file);
    cr_assert_eq(chmod(path, 0600), 0);
}

/* A folder with two certificates, of which the second one's hash is given back. */
static void folder_make(BYTE hash[20])
{
    const char *first = own_pem(&(struct pki_spec){.name = "first.example.com"});
    const char *second = own_pem(&(struct pki_spec){.name = "second.example.com"});
    PCCERT_CONTEXT certificate = NULL;
    DWORD size = 20;

    snprintf(folder, sizeof folder, "/tmp/sspi-hashes-%d", (int)getpid());
    cr_assert_eq(mkdir(folder, 0700), 0);
    folder_add("1.pem", first);
    folder_add("2.pem", second);
    assert_status(SspiCertificateFromBytes(second, (ULONG)strlen(second), NULL, 0, NULL, &certificate), SEC_E_OK);
    cr_assert(CertGetCertificateContextProperty(certificate, CERT_SHA1_HASH_PROP_ID, hash, &size));
    cr_assert(CertFreeCertificateContext(certificate));
}

static void folder_remove(void)
{
    char path[128];

    for (int i = 1; i <= 2; i++) {
        snprintf(path, sizeof path, "%s/%d.pem", folder, i);
        cr_assert_eq(unlink(path), 0);
    }
    cr_assert_eq(rmdir(folder), 0);
}

Test(hashes, found_in_the_configured_folder)
{
    SCHANNEL_CERT_HASH hash = {.dwLength = sizeof hash, .dwFlags = SCH_MACHINE_CERT_HASH};
    SCHANNEL_CERT_HASH_STORE stored = {.dwLength = sizeof stored, .pwszStoreName = u"MY"};
    PCCERT_CONTEXT given[] = {(PCCERT_CONTEXT)(void *)&hash, (PCCERT_CONTEXT)(void *)&stored};

    folder_make(hash.ShaHash);
    memcpy(stored.ShaHash, hash.ShaHash, sizeof stored.ShaHash);
    for (DWORD format = SCH_CRED_FORMAT_CERT_HASH; format <= SCH_CRED_FORMAT_CERT_HASH_STORE; format++) {
        SCH_CREDENTIALS server = {
            .dwVersion = SCH_CREDENTIALS_VERSION, .dwCredFormat = format, .cCreds = 1, .paCred = &given[format - 1]};

        own_begin(&pair, &server, NULL);
        own_option(&pair.server, "tls_certificate", folder);
        own_trust(&pair.client);
        cr_assert_not(own_open(&pair, "second.example.com"));
        cr_assert_str_eq(own_server_name(&pair), "second.example.com");
        tls_end(&pair);
    }
    folder_remove();
}

static void check_refused(void *server, const char *option, const char *words)
{
    own_begin(&pair, server, NULL);
    if (option)
        own_option(&pair.server, "tls_certificate", option);
    assert_status(SspiCredentialCheck(&pair.server.credential), SEC_E_NO_CREDENTIALS);
    own_explained(words);
    assert_status(SspiCredentialCheck(&pair.server.credential), SEC_E_NO_CREDENTIALS);
    tls_end(&pair);
}

Test(hashes, not_found)
{
    SCHANNEL_CERT_HASH hashes[2] = {{.dwLength = sizeof hashes[0]}, {.dwLength = sizeof hashes[0]}};
    PCCERT_CONTEXT given[] = {(PCCERT_CONTEXT)(void *)&hashes[0], (PCCERT_CONTEXT)(void *)&hashes[1]};
    SCHANNEL_CRED server = {
        .dwVersion = SCHANNEL_CRED_VERSION, .dwCredFormat = SCH_CRED_FORMAT_CERT_HASH, .cCreds = 2, .paCred = given};

    folder_make(hashes[0].ShaHash);
    check_refused(&server, NULL, "tls_certificate (not set)");
    check_refused(&server, folder, "hash 0000000000000000000000000000000000000000");
    folder_remove();
}

/* A program that gives a certificate afterwards means that one. */
Test(hashes, given_up_for_a_certificate)
{
    SCHANNEL_CERT_HASH hash = {.dwLength = sizeof hash};
    PCCERT_CONTEXT given = (PCCERT_CONTEXT)(void *)&hash;
    SCH_CREDENTIALS server = {
        .dwVersion = SCH_CREDENTIALS_VERSION, .dwCredFormat = SCH_CRED_FORMAT_CERT_HASH, .cCreds = 1, .paCred = &given};

    own_begin(&pair, &server, NULL);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "www.example.com"}), false);
    own_trust(&pair.client);
    cr_assert_not(own_open(&pair, "www.example.com"));
    tls_end(&pair);
}

Test(hashes, malformed)
{
    SCHANNEL_CERT_HASH hash = {.dwLength = sizeof hash - 1};
    PCCERT_CONTEXT given[] = {(PCCERT_CONTEXT)(void *)&hash, NULL};
    SCH_CREDENTIALS server = {.dwVersion = SCH_CREDENTIALS_VERSION, .cCreds = 1, .paCred = given};
    SecHandle credential;

    for (DWORD format = SCH_CRED_FORMAT_CERT_HASH; format <= SCH_CRED_FORMAT_CERT_HASH_STORE; format++) {
        for (size_t i = 0; i < 2; i++) {
            server.dwCredFormat = format;
            server.paCred = &given[i];
            assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)SCHANNEL_NAME_A, SECPKG_CRED_INBOUND, NULL,
                                                    &server, NULL, NULL, &credential, NULL),
                          SEC_E_INVALID_PARAMETER);
            own_explained("dwLength");
        }
    }
}
