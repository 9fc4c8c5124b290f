/*
 * What the tests of loading load.
 */
#include "certificate_rig.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Memory that stays, and that a search for leaks finds again. */
static void *keep(size_t size)
{
    static struct block {
        struct block *next;
        uint8_t data[];
    } * blocks;
    struct block *block = malloc(sizeof *block + size);

    cr_assert_not_null(block);
    block->next = blocks;
    blocks = block;
    return block->data;
}

static struct bytes taken(BIO *out)
{
    char *data;
    long size = BIO_get_mem_data(out, &data);
    uint8_t *copy = keep((size_t)size);

    cr_assert_gt(size, 0);
    memcpy(copy, data, (size_t)size);
    BIO_free(out);
    return bytes_of(copy, (size_t)size);
}

X509 *rig_x509(const char *name, enum pki_key key)
{
    static struct {
        char name[64];
        X509 *x509;
    } kept[PKI_KEYS][8];
    const struct pki_spec spec = {.name = name, .key = key};

    (void)pki_authority();
    for (int i = 0; i < 8; i++) {
        if (!kept[key][i].x509) {
            snprintf(kept[key][i].name, sizeof kept[key][i].name, "%s", name);
            kept[key][i].x509 = pki_certificate(&spec);
        }
        if (strcmp(kept[key][i].name, name) == 0)
            return kept[key][i].x509;
    }
    cr_assert_fail("too many names");
    return NULL;
}

struct bytes rig_pem(const char *name, enum pki_key key, bool with_key, bool chain)
{
    BIO *out = BIO_new(BIO_s_mem());

    cr_assert_eq(PEM_write_bio_X509(out, rig_x509(name, key)), 1);
    if (chain)
        cr_assert_eq(PEM_write_bio_X509(out, pki_authority()), 1);
    if (with_key)
        cr_assert_eq(PEM_write_bio_PrivateKey(out, pki_private(key), NULL, NULL, 0, NULL, NULL), 1);
    return taken(out);
}

struct bytes rig_key_pem(enum pki_key key, const char *password, bool old)
{
    BIO *out = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = password ? EVP_aes_128_cbc() : NULL;
    int size = password ? (int)strlen(password) : 0;

    if (old)
        cr_assert_eq(PEM_write_bio_PrivateKey_traditional(out, pki_private(key), cipher,
                                                          (const unsigned char *)password, size, NULL, NULL),
                     1);
    else
        cr_assert_eq(
            PEM_write_bio_PrivateKey(out, pki_private(key), cipher, (const unsigned char *)password, size, NULL, NULL),
            1);
    return taken(out);
}

struct bytes rig_der(const char *name, enum pki_key key)
{
    BIO *out = BIO_new(BIO_s_mem());

    cr_assert_eq(i2d_X509_bio(out, rig_x509(name, key)), 1);
    return taken(out);
}

struct bytes rig_key_der(enum pki_key key)
{
    BIO *out = BIO_new(BIO_s_mem());

    cr_assert_eq(i2d_PrivateKey_bio(out, pki_private(key)), 1);
    return taken(out);
}

struct bytes rig_pkcs12(const char *name, enum pki_key key, const char *password)
{
    BIO *out = BIO_new(BIO_s_mem());
    STACK_OF(X509) *chain = sk_X509_new_null();
    PKCS12 *archive;

    sk_X509_push(chain, pki_authority());
    archive = PKCS12_create(password, name, pki_private(key), rig_x509(name, key), chain, 0, 0, 100, 100, 0);
    cr_assert(archive && i2d_PKCS12_bio(out, archive) == 1);
    PKCS12_free(archive);
    sk_X509_free(chain);
    return taken(out);
}

struct bytes rig_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

static char folder[64];

static void folder_remove(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        perror(folder);
}

const char *rig_folder(void)
{
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/sspi-certificates-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        atexit(folder_remove);
    }
    return folder;
}

const char *rig_file(const char *name, struct bytes content, unsigned mode)
{
    char *path = keep(256);
    FILE *file;

    snprintf(path, 256, "%s/%s", rig_folder(), name);
    file = fopen(path, "w");
    cr_assert(file && fwrite(content.data, 1, content.size, file) == content.size);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
    return path;
}

void rig_refused(const struct certificate_source *source, const char *words)
{
    struct certificate *certificate = NULL;
    struct failure failure = {0};

    assert_status(certificate_load(source, &certificate, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_null(certificate);
    cr_assert_not_null(strstr(failure.text, words), "\"%s\" does not say \"%s\"", failure.text, words);
    cr_assert_not_null(strstr(failure.text, source->where), "\"%s\" does not say where", failure.text);
    cr_assert_eq(failure.reason, SSPI_REASON_CERTIFICATE);
}
