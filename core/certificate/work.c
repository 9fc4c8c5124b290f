/*
 * Reads the costs out of the parameters of password-based algorithms.
 */
#include "certificate/work.h"

#include <openssl/pkcs12.h>

/* Without a bound OpenSSL would hash for hours: N * r * p, 128 times what it chooses itself. */
#define SCRYPT_LIMIT (UINT64_C(1) << 24)

bool work_take(struct work *work, const ASN1_INTEGER *count)
{
    int64_t value;

    if (ASN1_INTEGER_get_int64(&value, count) != 1 || value <= 0 || value > WORK_LIMIT - work->done)
        return false;
    work->done += value;
    return true;
}

static bool number(const ASN1_INTEGER *from, uint64_t *value)
{
    return ASN1_INTEGER_get_uint64(value, from) == 1 && *value > 0 && *value <= SCRYPT_LIMIT;
}

static bool scrypt_bearable(const SCRYPT_PARAMS *scrypt)
{
    uint64_t n, r, p;

    return number(scrypt->costParameter, &n) && number(scrypt->blockSize, &r)
           && number(scrypt->parallelizationParameter, &p) && n <= SCRYPT_LIMIT / r && p <= SCRYPT_LIMIT / (n * r);
}

/* RFC 8018, A.2; RFC 7914, 7. */
static bool derivation_take(struct work *work, const X509_ALGOR *algorithm)
{
    PBKDF2PARAM *derivation = NULL;
    SCRYPT_PARAMS *scrypt = NULL;
    bool bearable = false;

    if (OBJ_obj2nid(algorithm->algorithm) == NID_id_pbkdf2)
        derivation = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), algorithm->parameter);
    else if (OBJ_obj2nid(algorithm->algorithm) == NID_id_scrypt)
        scrypt = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), algorithm->parameter);
    if (derivation)
        bearable = work_take(work, derivation->iter);
    else if (scrypt)
        bearable = scrypt_bearable(scrypt);
    PBKDF2PARAM_free(derivation);
    SCRYPT_PARAMS_free(scrypt);
    return bearable;
}

bool work_take_of(struct work *work, const X509_ALGOR *algorithm)
{
    const int nid = OBJ_obj2nid(algorithm->algorithm);
    PBE2PARAM *two = NULL; /* PBMAC1's parameters have its shape: a derivation, and what is done with the key */
    PBEPARAM *one = NULL;
    bool bearable;

    if (nid == NID_pbes2 || nid == NID_pbmac1)
        two = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    else
        one = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
    bearable = two ? derivation_take(work, two->keyfunc) : one && work_take(work, one->iter);
    PBE2PARAM_free(two);
    PBEPARAM_free(one);
    return bearable;
}
