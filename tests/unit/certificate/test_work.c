/*
 * Files that would cost more than they are worth: counts of iterations, kinds and sizes of keys. work.c, load_key.c,
 * load_pkcs12.c.
 */
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/dsa.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "certificate/work.h"
#include "certificate_rig.h"

#define NAME "www.example.com"
#define PASSWORD "Zebra9"
#define ONE_TOO_MANY ((int)WORK_LIMIT + 1) /* so that without its check a test is red and not endless */

static struct bytes taken(BIO *out)
{
    static uint8_t room[16][16384];
    static size_t next;
    uint8_t *place = room[next++ % 16];
    char *data;
    const long size = BIO_get_mem_data(out, &data);

    cr_assert(size > 0 && (size_t)size <= sizeof room[0]);
    memcpy(place, data, (size_t)size);
    BIO_free(out);
    return bytes_of(place, (size_t)size);
}

static void refused(struct bytes content, struct bytes key, const char *words)
{
    struct certificate_source source = {.where = "/etc/hostile",
                                        .content = content,
                                        .key_where = "/etc/hostile",
                                        .key = key,
                                        .password = rig_text(PASSWORD)};

    rig_refused(&source, words);
}

/* ---- Counts ---- */

static bool takes(struct work *work, int64_t count)
{
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    bool taken;

    cr_assert_eq(ASN1_INTEGER_set_int64(number, count), 1);
    taken = work_take(work, number);
    ASN1_INTEGER_free(number);
    return taken;
}

Test(work, all_parts_count_together)
{
    struct work work = {0};

    cr_assert(takes(&work, WORK_LIMIT));
    cr_assert_not(takes(&work, 1));
    work = (struct work){0};
    cr_assert(takes(&work, WORK_LIMIT - 1));
    cr_assert(takes(&work, 1));
    cr_assert_not(takes(&work, 1));
    work = (struct work){0};
    cr_assert_not(takes(&work, WORK_LIMIT + 1));
    cr_assert_not(takes(&work, INT64_MAX));
    cr_assert_not(takes(&work, 0));
    cr_assert_not(takes(&work, -1));
    cr_assert_eq(work.done, 0);
}

static bool takes_algorithm(X509_ALGOR *algorithm)
{
    struct work work = {0};
    bool taken;

    cr_assert_not_null(algorithm);
    taken = work_take_of(&work, algorithm);
    X509_ALGOR_free(algorithm);
    return taken;
}

static X509_ALGOR *pbkdf2(int count)
{
    return PKCS5_pbe2_set_iv(EVP_aes_128_cbc(), count, (unsigned char *)"saltsalt", 8, NULL, NID_hmacWithSHA256);
}

static X509_ALGOR *scrypt(uint64_t n, uint64_t r, uint64_t p)
{
    return PKCS5_pbe2_set_scrypt(EVP_aes_128_cbc(), (const unsigned char *)"salt", 4, NULL, n, r, p);
}

/* The same with numbers that OpenSSL would not have written. */
static X509_ALGOR *scrypt_of(uint64_t n, uint64_t r, uint64_t p)
{
    X509_ALGOR *algorithm = scrypt(16, 1, 1);
    PBE2PARAM *two = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    SCRYPT_PARAMS *numbers = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), two->keyfunc->parameter);

    ASN1_INTEGER_set_uint64(numbers->costParameter, n);
    ASN1_INTEGER_set_uint64(numbers->blockSize, r);
    ASN1_INTEGER_set_uint64(numbers->parallelizationParameter, p);
    cr_assert_not_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), numbers, &two->keyfunc->parameter));
    cr_assert_not_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), two, &algorithm->parameter));
    SCRYPT_PARAMS_free(numbers);
    PBE2PARAM_free(two);
    return algorithm;
}

static X509_ALGOR *old(int count)
{
    return PKCS5_pbe_set(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, count, (const unsigned char *)"saltsalt", 8);
}

Test(work, every_way_of_hashing_a_password)
{
    X509_ALGOR *none = X509_ALGOR_new();

    cr_assert(takes_algorithm(pbkdf2((int)WORK_LIMIT)));
    cr_assert_not(takes_algorithm(pbkdf2((int)WORK_LIMIT + 1)));
    cr_assert_not(takes_algorithm(pbkdf2(INT_MAX)));
    cr_assert(takes_algorithm(old((int)WORK_LIMIT)));
    cr_assert_not(takes_algorithm(old(INT_MAX)));
    cr_assert(takes_algorithm(scrypt(16384, 8, 1)));
    cr_assert(takes_algorithm(scrypt(16384, 8, 128)));
    cr_assert_not(takes_algorithm(scrypt(16384, 8, 129)));
    cr_assert_not(takes_algorithm(scrypt(16384, 8, 15000)));
    cr_assert_not(takes_algorithm(scrypt_of(UINT64_MAX, 1, 1)));
    cr_assert_not(takes_algorithm(scrypt_of(2, UINT64_MAX, 1)));
    cr_assert_not(takes_algorithm(scrypt_of(2, 1, UINT64_MAX)));
    cr_assert_not(takes_algorithm(scrypt_of(0, 1, 1)));
    cr_assert_not(takes_algorithm(scrypt_of(2, 1, (1 << 23) + 1)));
    cr_assert(takes_algorithm(scrypt_of(2, 1, 1 << 23)));
    cr_assert_not(takes_algorithm(scrypt_of(1 << 12, 1 << 13, 1)));
    X509_ALGOR_set0(none, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
    cr_assert_not(takes_algorithm(none));
    none = X509_ALGOR_new();
    X509_ALGOR_set0(none, OBJ_nid2obj(NID_pbes2), V_ASN1_UNDEF, NULL);
    cr_assert_not(takes_algorithm(none));
}

/* The parameters of PBMAC1 are those of PBES2. */
Test(work, pbmac1_counts_as_pbes2)
{
    for (int i = 0; i < 2; i++) {
        X509_ALGOR *algorithm = pbkdf2(i ? INT_MAX : 100);

        ASN1_OBJECT_free(algorithm->algorithm);
        algorithm->algorithm = OBJ_nid2obj(NID_pbmac1);
        cr_assert_eq(takes_algorithm(algorithm), i == 0);
    }
}

/* ---- Keys ---- */

/* An encrypted key of a count that nobody has made. */
static X509_SIG *hostile(const X509_ALGOR *algorithm)
{
    X509_SIG *sealed = X509_SIG_new();
    ASN1_OCTET_STRING *content;
    X509_ALGOR *place;

    X509_SIG_getm(sealed, &place, &content);
    cr_assert_eq(X509_ALGOR_copy(place, algorithm), 1);
    cr_assert_eq(ASN1_OCTET_STRING_set(content, (const unsigned char *)"0123456789abcdef", 16), 1);
    return sealed;
}

Test(work, key_that_is_hashed_for_hours)
{
    X509_ALGOR *algorithms[] = {pbkdf2(ONE_TOO_MANY), old(ONE_TOO_MANY), scrypt(16384, 8, 129)};

    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        X509_SIG *sealed = hostile(algorithms[i]);
        BIO *pem = BIO_new(BIO_s_mem()), *der = BIO_new(BIO_s_mem());

        cr_assert_eq(PEM_write_bio_PKCS8(pem, sealed), 1);
        cr_assert_eq(i2d_PKCS8_bio(der, sealed), 1);
        refused(rig_pem(NAME, PKI_P256, false, false), taken(pem), "hashed too often");
        refused(rig_pem(NAME, PKI_P256, false, false), taken(der), "hashed too often");
        X509_SIG_free(sealed);
        X509_ALGOR_free(algorithms[i]);
    }
}

/* One element in DER. */
static size_t put(uint8_t *out, uint8_t tag, const uint8_t *data, size_t size)
{
    size_t used = 0;

    memmove(out + (size < 128 ? 2 : size < 256 ? 3 : 4), data, size);
    out[used++] = tag;
    if (size >= 256) {
        out[used++] = 0x82;
        out[used++] = (uint8_t)(size >> 8);
    } else if (size >= 128) {
        out[used++] = 0x81;
    }
    out[used++] = (uint8_t)size;
    return used + size;
}

/* RSAPrivateKey with a modulus of this many bytes; the numbers do not fit each other. */
static struct bytes rsa_key(size_t modulus)
{
    static const uint8_t three = 3, zero = 0;
    static uint8_t inside[8192], whole[8200], number[4096];
    size_t size = put(inside, 2, &zero, 1);

    memset(number, 0x5B, sizeof number);
    size += put(inside + size, 2, number, modulus);
    size += put(inside + size, 2, &three, 1);
    for (int i = 0; i < 6; i++)
        size += put(inside + size, 2, number, 64);
    return bytes_of(whole, put(whole, 0x30, inside, size));
}

Test(work, key_that_is_too_large)
{
    refused(rig_pem(NAME, PKI_P256, false, false), rsa_key(2049), "more than 16384 bits");
    refused(rig_pem(NAME, PKI_P256, false, false), rsa_key(2048), "belongs to another certificate");
}

/* Small numbers, so that it could be read if it were. */
static EVP_PKEY *dsa_key(void)
{
    static EVP_PKEY *key;
    EVP_PKEY_CTX *context = key ? NULL : EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    EVP_PKEY *parameters = NULL;

    if (key)
        return key;
    cr_assert_gt(EVP_PKEY_paramgen_init(context), 0);
    cr_assert_gt(EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 1024), 0);
    cr_assert_gt(EVP_PKEY_paramgen(context, &parameters), 0);
    EVP_PKEY_CTX_free(context);
    context = EVP_PKEY_CTX_new(parameters, NULL);
    cr_assert_gt(EVP_PKEY_keygen_init(context), 0);
    cr_assert_gt(EVP_PKEY_keygen(context, &key), 0);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(parameters);
    return key;
}

Test(work, key_of_a_kind_that_signs_no_handshake)
{
    BIO *modern = BIO_new(BIO_s_mem()), *older = BIO_new(BIO_s_mem()), *sealed = BIO_new(BIO_s_mem());

    cr_assert_eq(PEM_write_bio_PrivateKey(modern, dsa_key(), NULL, NULL, 0, NULL, NULL), 1);
    cr_assert_eq(PEM_write_bio_PrivateKey_traditional(older, dsa_key(), NULL, NULL, 0, NULL, NULL), 1);
    cr_assert_eq(PEM_write_bio_PrivateKey(sealed, dsa_key(), EVP_aes_128_cbc(), (const unsigned char *)PASSWORD,
                                          (int)strlen(PASSWORD), NULL, NULL),
                 1);
    refused(rig_pem(NAME, PKI_P256, false, false), taken(modern), "not RSA, EC, Ed25519 or Ed448");
    refused(rig_pem(NAME, PKI_P256, false, false), taken(older), "not RSA, EC, Ed25519 or Ed448");
    refused(rig_pem(NAME, PKI_P256, false, false), taken(sealed), "password of the private key");
}

/* ---- PKCS#12 ---- */

/* An archive of these parts with a MAC that fits. Takes them over. */
static struct bytes archive_of(STACK_OF(PKCS7) * parts)
{
    PKCS12 *archive = PKCS12_add_safes(parts, 0);
    BIO *out = BIO_new(BIO_s_mem());

    cr_assert_not_null(archive);
    cr_assert_eq(PKCS12_set_mac(archive, PASSWORD, -1, NULL, 8, 1, EVP_sha256()), 1);
    cr_assert_eq(i2d_PKCS12_bio(out, archive), 1);
    PKCS12_free(archive);
    sk_PKCS7_pop_free(parts, PKCS7_free);
    return taken(out);
}

static PKCS12_SAFEBAG *certificate_bag(void)
{
    PKCS12_SAFEBAG *bag = PKCS12_SAFEBAG_create_cert(rig_x509(NAME, PKI_P256));

    cr_assert_not_null(bag);
    return bag;
}

static STACK_OF(PKCS12_SAFEBAG) * bags_of(PKCS12_SAFEBAG *bag)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();

    cr_assert(bag && sk_PKCS12_SAFEBAG_push(bags, bag) > 0);
    return bags;
}

/* A part that is encrypted once and says that it is this count. */
static PKCS7 *encrypted_part(PKCS12_SAFEBAG *bag, int said)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = bags_of(bag);
    PKCS7 *part = PKCS12_pack_p7encdata(NID_aes_128_cbc, PASSWORD, -1, NULL, 0, 1, bags);
    X509_ALGOR *algorithm = said > 1 ? pbkdf2(said) : NULL;

    cr_assert_not_null(part);
    if (algorithm)
        cr_assert_eq(X509_ALGOR_copy(part->d.encrypted->enc_data->algorithm, algorithm), 1);
    X509_ALGOR_free(algorithm);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return part;
}

static PKCS7 *plain_part(PKCS12_SAFEBAG *bag)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = bags_of(bag);
    PKCS7 *part = PKCS12_pack_p7data(bags);

    cr_assert_not_null(part);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return part;
}

static PKCS12_SAFEBAG *hostile_key_bag(void)
{
    X509_ALGOR *algorithm = pbkdf2(ONE_TOO_MANY);
    PKCS12_SAFEBAG *bag = PKCS12_SAFEBAG_create0_pkcs8(hostile(algorithm));

    X509_ALGOR_free(algorithm);
    return bag;
}

static PKCS12_SAFEBAG *key_bag(EVP_PKEY *key, bool sealed)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    PKCS12_SAFEBAG *bag;

    if (!sealed)
        return PKCS12_SAFEBAG_create0_p8inf(plain);
    bag = PKCS12_SAFEBAG_create_pkcs8_encrypt(NID_aes_128_cbc, PASSWORD, -1, NULL, 0, 1, plain);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return bag;
}

/* SafeContents in a bag, RFC 7292, 4.2.6: OpenSSL reads them, and has no function that makes them. */
static PKCS12_SAFEBAG *nested(PKCS12_SAFEBAG *bag)
{
    static const uint8_t oid[] = {0x06, 0x0B, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x0A, 0x01, 0x06};
    static uint8_t inside[8192], whole[8192];
    STACK_OF(PKCS12_SAFEBAG) *bags = bags_of(bag);
    uint8_t *der = NULL;
    const uint8_t *place = whole;
    const int size = ASN1_item_i2d((ASN1_VALUE *)bags, &der, ASN1_ITEM_rptr(PKCS12_SAFEBAGS));
    PKCS12_SAFEBAG *outer;
    size_t used;

    cr_assert(size > 0 && size < 8000);
    memcpy(inside, oid, sizeof oid);
    used = sizeof oid + put(inside + sizeof oid, 0xA0, der, (size_t)size);
    used = put(whole, 0x30, inside, used);
    outer = (PKCS12_SAFEBAG *)ASN1_item_d2i(NULL, &place, (long)used, ASN1_ITEM_rptr(PKCS12_SAFEBAG));
    cr_assert_not_null(outer);
    OPENSSL_free(der);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return outer;
}

static STACK_OF(PKCS7) * parts_of(PKCS7 *first, PKCS7 *second)
{
    STACK_OF(PKCS7) *parts = sk_PKCS7_new_null();

    cr_assert_gt(sk_PKCS7_push(parts, first), 0);
    if (second)
        cr_assert_gt(sk_PKCS7_push(parts, second), 0);
    return parts;
}

#define NONE ((struct bytes){0})
#define TOO_MUCH "too many iterations"

Test(work, archive_with_a_part_that_is_hashed_for_hours)
{
    EVP_PKEY *key = pki_private(PKI_P256);

    refused(archive_of(parts_of(encrypted_part(certificate_bag(), ONE_TOO_MANY), NULL)), NONE, TOO_MUCH);
    refused(archive_of(parts_of(plain_part(hostile_key_bag()), NULL)), NONE, TOO_MUCH);
    refused(archive_of(parts_of(encrypted_part(hostile_key_bag(), 1), NULL)), NONE, TOO_MUCH);
    refused(archive_of(parts_of(encrypted_part(nested(nested(hostile_key_bag())), 1), NULL)), NONE, TOO_MUCH);
    refused(archive_of(parts_of(plain_part(key_bag(key, true)), encrypted_part(certificate_bag(), ONE_TOO_MANY))), NONE,
            TOO_MUCH);
    /* One for the key. */
    refused(archive_of(parts_of(plain_part(key_bag(key, true)), encrypted_part(certificate_bag(), (int)WORK_LIMIT))),
            NONE, TOO_MUCH);
}

Test(work, archive_that_is_well)
{
    EVP_PKEY *key = pki_private(PKI_P256);

    for (int sealed = 0; sealed < 2; sealed++) {
        struct certificate_source source = {.password = rig_text(PASSWORD), .key_wanted = true};
        struct certificate *certificate;

        source.content =
            archive_of(parts_of(plain_part(nested(key_bag(key, sealed))), encrypted_part(certificate_bag(), 1)));
        assert_status(certificate_load(&source, &certificate, NULL), SEC_E_OK);
        cr_assert_eq(EVP_PKEY_eq(certificate->key, key), 1);
        certificate_release(certificate);
    }
}

Test(work, archive_with_a_mac_that_is_hashed_for_hours)
{
    struct bytes content = rig_pkcs12(NAME, PKI_P256, PASSWORD);
    const uint8_t *place = content.data;
    PKCS12 *archive = d2i_PKCS12(NULL, &place, (long)content.size);
    const ASN1_INTEGER *count = NULL;
    BIO *out = BIO_new(BIO_s_mem());

    PKCS12_get0_mac(NULL, NULL, NULL, &count, archive);
    cr_assert_not_null(count);
    cr_assert_eq(ASN1_INTEGER_set((ASN1_INTEGER *)count, ONE_TOO_MANY), 1);
    cr_assert_eq(i2d_PKCS12_bio(out, archive), 1);
    PKCS12_free(archive);
    refused(taken(out), NONE, TOO_MUCH);
}

Test(work, archive_with_a_key_of_another_kind)
{
    for (int sealed = 0; sealed < 2; sealed++)
        refused(archive_of(parts_of(plain_part(key_bag(dsa_key(), sealed)), NULL)), NONE,
                "not RSA, EC, Ed25519 or Ed448");
}

Test(work, archive_without_a_mac)
{
    PKCS12 *archive =
        PKCS12_create(PASSWORD, NULL, pki_private(PKI_P256), rig_x509(NAME, PKI_P256), NULL, 0, 0, 1, -1, 0);
    BIO *out = BIO_new(BIO_s_mem());

    cr_assert(archive && i2d_PKCS12_bio(out, archive) == 1);
    PKCS12_free(archive);
    refused(taken(out), NONE, "has no MAC");
}

/* The MAC fits, what it covers does not. */
Test(work, archive_with_damage_behind_its_mac)
{
    PKCS7 *part = encrypted_part(certificate_bag(), 1);
    PKCS12_SAFEBAG *key = key_bag(pki_private(PKI_P256), true);
    const X509_SIG *sealed = PKCS12_SAFEBAG_get0_pkcs8(key);
    const ASN1_OCTET_STRING *content;

    X509_SIG_get0(sealed, NULL, &content);
    ((uint8_t *)ASN1_STRING_get0_data(content))[ASN1_STRING_length(content) - 1] ^= 1;
    refused(archive_of(parts_of(plain_part(key), NULL)), NONE, "damaged");
    part->d.encrypted->enc_data->enc_data->data[0] ^= 1;
    refused(archive_of(parts_of(part, NULL)), NONE, "damaged");
}
